#define LOG_MODULE "ops"

#include "common/ops_server.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/listen_socket.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/process_metrics.h"
#include "common/side_port.h"

#define CONNECTIONS_MAX 32
#define BACKLOG         1024

struct ops_server {
    struct side_port *server;
    struct ops_probes probes;
    struct side_port_metrics metrics;
    uint64_t started_ms;
    uint16_t port;
};

static const struct metric_info metric_table[] = {
    {"ws_ops_connections_evicted_total", NULL, METRIC_COUNTER,
     offsetof(struct ops_server, metrics.evicted),
     "Connections to the operations port that were closed for newer ones"},
};

static void answer(struct side_request *request, unsigned status, const char *type,
                   struct span body)
{
    struct side_answer all = {.status = status, .type = type, .body = body};

    if (status == 405)
        all.extra = (struct side_header){"Allow", "GET, HEAD"};
    side_request_answer(request, &all);
}

static void answer_text(struct side_request *request, unsigned status, const char *text)
{
    answer(request, status, "text/plain; charset=utf-8", span_of(text));
}

static void answer_probe(struct side_request *request, const char *why_not, const char *well)
{
    answer_text(request, why_not ? 503 : 200, why_not ? why_not : well);
}

static void answer_metrics(struct side_request *request, const struct ops_server *ops)
{
    struct buffer text = {0};

    ops->probes.metrics(ops->probes.arg, &text);
    process_metrics_print(ops->started_ms, &text);
    metrics_print(metric_table, ARRAY_LEN(metric_table), ops, &text);
    answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", buffer_span(&text));
    buffer_fini(&text);
}

static void on_head(struct side_request *request, void *arg)
{
    const struct ops_server *ops = arg;
    const struct ops_probes *probes = &ops->probes;
    const char *method = side_request_method(request);
    struct span path = side_request_path(request);

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        answer_text(request, 405, "only GET and HEAD");
    else if (span_is(path, "/live"))
        answer_probe(request, probes->live(probes->arg), "ok");
    else if (span_is(path, "/ready"))
        answer_probe(request, probes->ready(probes->arg),
                     probes->role ? probes->role(probes->arg) : "ok");
    else if (span_is(path, "/metrics"))
        answer_metrics(request, ops);
    else
        answer_text(request, 404, "there are /live, /ready and /metrics");
}

struct ops_server *ops_server_new(const char *host, uint16_t port, const struct ops_probes *probes)
{
    int listener = listen_socket_open(&(struct listen_socket_options){
        .host = host,
        .port = port,
        .backlog = BACKLOG,
        .what = "the operations port",
        .port_setting = "OPS_PORT",
        .host_setting = "SERVICE_HOST",
    });

    if (listener < 0)
        return NULL;

    struct ops_server *ops = mem_zalloc(sizeof(*ops));
    ops->probes = *probes;
    ops->started_ms = clock_wall_ms();
    ops->port = listen_socket_port(listener);
    ops->server = side_port_new(&(struct side_port_options){
        .listener = listener,
        .connections_max = CONNECTIONS_MAX,
        .metrics = &ops->metrics,
        .on_head = on_head,
        .arg = ops,
    });
    if (!ops->server) {
        log_error("cannot start the thread of the operations port remedy=%s", SIDE_PORT_REMEDY);
        free(ops);
        return NULL;
    }
    log_info("operations port open host=%s port=%u", host, ops->port);
    return ops;
}

uint16_t ops_server_port(const struct ops_server *ops)
{
    return ops->port;
}

void ops_server_free(struct ops_server *ops)
{
    if (!ops)
        return;
    side_port_free(ops->server);
    free(ops);
}
