#include "edge/adapters/listener/http_exchange.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/adapters/listener/http_body.h"
#include "edge/adapters/listener/http_head_reader.h"
#include "edge/adapters/listener/http_reply.h"
#include "edge/adapters/listener/http_request_start.h"

static enum MHD_Result answer_preflight(struct mhd_exchange *exchange,
                                        const struct http_request *request)
{
    struct span asked = http_request_header(request, "Access-Control-Request-Headers");
    char *echo = span_dup(asked);
    const char *headers[] = {"Access-Control-Allow-Methods", "GET,POST",
                             asked.len > 0 ? "Access-Control-Allow-Headers" : NULL, echo, NULL};

    exchange->base.ops->reply(&exchange->base,
                              &(struct http_reply){.status = 204, .headers = headers});
    free(echo);
    return exchange->queued;
}

static bool is_preflight(const struct http_request *request)
{
    return request->method == HTTP_OPTIONS && http_request_header(request, "Origin").ptr &&
           http_request_header(request, "Access-Control-Request-Method").ptr;
}

static void give_up(struct mhd_exchange *exchange)
{
    struct http_exchange *base = &exchange->base;

    metric_add(&exchange->connection->server->metrics->http_aborted, 1);
    exchange->state = EXCHANGE_ABORTED;
    if (base->on_abort)
        base->on_abort(base->holder);
}

bool http_exchange_abort(struct mhd_exchange *exchange)
{
    if (exchange->state != EXCHANGE_HELD)
        return false;
    give_up(exchange);
    return true;
}

void http_exchange_time_out(struct mhd_exchange *exchange)
{
    if (exchange->state != EXCHANGE_READING)
        return;
    exchange->early = true;
    (void)http_reply_error(exchange, 408, "{\"message\":\"Request timeout\"}");
}

// Holds the request for a later reply. The end of the client's stream is reported only once. If
// that was before this request was read, nothing would end the wait, so the request is given up
// now.
static enum MHD_Result hold(struct mhd_exchange *exchange)
{
    if (exchange->connection->has_ended) {
        give_up(exchange);
        return MHD_NO;
    }
    exchange->state = EXCHANGE_HELD;
    deadline_arm(&exchange->connection->quiet, &exchange->connection->server->quiet_due);
    MHD_suspend_connection(exchange->connection->library);
    return MHD_YES;
}

static enum MHD_Result handle(struct mhd_exchange *exchange, const char *method,
                              const char *version)
{
    struct http_server *server = exchange->connection->server;

    deadline_cancel(&exchange->connection->deadline);
    if (exchange->is_too_large)
        return http_body_refuse(exchange);
    struct http_request *request = http_request_of(exchange, method, version);
    if (is_preflight(request))
        return answer_preflight(exchange, request);
    request->body = buffer_span(&exchange->body);
    exchange->state = EXCHANGE_HANDLING;
    exchange->base.request = request;
    server->handlers.on_request(&exchange->base, server->handlers.arg);
    exchange->base.request = NULL;
    if (exchange->state == EXCHANGE_ANSWERED)
        return exchange->queued;
    return hold(exchange);
}

enum MHD_Result http_exchange_on_request(void *arg, struct MHD_Connection *library, const char *url,
                                         const char *method, const char *version,
                                         const char *upload_data, size_t *upload_data_size,
                                         void **request)
{
    struct mhd_exchange *exchange = *request;

    (void)arg;
    (void)library;
    (void)url;
    if (!exchange->begun && exchange->state != EXCHANGE_REFUSED)
        return http_request_start(exchange, method, version);
    if (exchange->state == EXCHANGE_ABORTED)
        return MHD_NO;
    if (*upload_data_size > 0) {
        struct span piece = {upload_data, *upload_data_size};
        *upload_data_size = 0;
        return http_body_take(exchange, piece);
    }
    if (exchange->state == EXCHANGE_REFUSED)
        return MHD_NO; // a refused request has ended: close the connection
    if (exchange->state != EXCHANGE_READING)
        return MHD_YES;
    return handle(exchange, method, version);
}

void http_exchange_free(struct mhd_exchange *exchange)
{
    http_reply_release(exchange);
    free(exchange->target);
    free(exchange->origin);
    mhd_exchange_drop_body(exchange);
    if (exchange->connection->server->last_read.of == exchange)
        exchange->connection->server->last_read.of = NULL;
    free(exchange);
}

// The library calls this with the raw request target, before anything else of a request.
void *http_exchange_on_target(void *arg, const char *target, struct MHD_Connection *library)
{
    struct mhd_exchange *exchange = mem_zalloc(sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)arg;
    exchange->connection = info->socket_context;
    exchange->connection->exchange = exchange;
    http_reply_init(exchange);
    exchange->target = mem_strdup(target);
    exchange->target_at = target;
    http_head_reader_hide(exchange->connection, target);
    deadline_arm(&exchange->connection->deadline, &exchange->connection->server->request_due);
    deadline_cancel(&exchange->connection->quiet);
    return exchange;
}

void http_exchange_on_completed(void *arg, struct MHD_Connection *library, void **request,
                                enum MHD_RequestTerminationCode code)
{
    struct mhd_exchange *exchange = *request;

    (void)arg;
    (void)library;
    (void)code;
    if (!exchange)
        return;
    *request = NULL;
    exchange->connection->exchange = NULL;
    deadline_arm(&exchange->connection->deadline, &exchange->connection->server->idle_due);
    deadline_arm(&exchange->connection->quiet, &exchange->connection->server->quiet_due);
    http_exchange_free(exchange);
}
