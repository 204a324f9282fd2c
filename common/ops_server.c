#define LOG_MODULE "ops"

#include "common/ops_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/listener.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/process_metrics.h"

#define CONNECTIONS_MAX   32
#define BACKLOG           32
#define TIMEOUT_SECONDS   5
#define CONNECTION_MEMORY ((size_t)16 * 1024)

struct ops_server {
    struct MHD_Daemon *daemon;
    struct ops_probes probes;
    uint64_t started_ms;
    uint16_t port;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              struct span body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, (void *)body.ptr, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *text)
{
    return answer(connection, status, "text/plain; charset=utf-8", span_of(text));
}

static enum MHD_Result answer_probe(struct MHD_Connection *connection, const char *why_not,
                                    const char *well)
{
    return answer_text(connection, why_not ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
                       why_not ? why_not : well);
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection,
                                      const struct ops_server *server)
{
    struct buffer text = {0};

    server->probes.metrics(server->probes.arg, &text);
    process_metrics_print(server->started_ms, &text);
    enum MHD_Result queued = answer(connection, MHD_HTTP_OK,
                                    "text/plain; version=0.0.4; charset=utf-8", buffer_span(&text));
    buffer_fini(&text);
    return queued;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **seen)
{
    const struct ops_server *server = arg;
    const struct ops_probes *probes = &server->probes;

    (void)version, (void)upload, (void)upload_size, (void)seen;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    if (strcmp(url, "/live") == 0)
        return answer_probe(connection, probes->live(probes->arg), "ok");
    if (strcmp(url, "/ready") == 0)
        return answer_probe(connection, probes->ready(probes->arg),
                            probes->role ? probes->role(probes->arg) : "ok");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(connection, server);
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "there are /live, /ready and /metrics");
}

// Signals are for the program's own thread, which must be woken by them: none for this one.
static struct MHD_Daemon *start_daemon(struct ops_server *server, int listener)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

struct ops_server *ops_server_new(const char *host, uint16_t port, const struct ops_probes *probes)
{
    int listener = listener_open(&(struct listener_options){
        .host = host,
        .port = port,
        .backlog = BACKLOG,
        .what = "the operations port",
        .port_setting = "OPS_PORT",
        .host_setting = "SERVICE_HOST",
    });

    if (listener < 0)
        return NULL;

    struct ops_server *server = mem_zalloc(sizeof(*server));
    server->probes = *probes;
    server->started_ms = clock_wall_ms();
    server->port = listener_port(listener);
    server->daemon = start_daemon(server, listener);
    if (!server->daemon) {
        log_error("cannot start the thread of the operations port; the limit of threads or open "
                  "files is reached (ulimit -u, ulimit -n)");
        free(server);
        return NULL;
    }
    log_info("operations port open host=%s port=%u", host, server->port);
    return server;
}

uint16_t ops_server_port(const struct ops_server *server)
{
    return server->port;
}

void ops_server_free(struct ops_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
