// One request of plain HTTP: its head, its body, and its answer, at once or later.
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/adapters/http_internals.h"
#include "edge/adapters/peer_address.h"
#include "edge/http/body_length.h"

#define COMPRESS_OVER 1024 // bytes of a body
#define SWALLOW_TIMES 4    // of what a body may have: of one that is too large

enum call_state { CALL_READING = 0, CALL_HANDLING, CALL_HELD, CALL_ANSWERED, CALL_ABORTED };

// One request.
struct call {
    struct http_exchange exchange;
    struct connection *connection;
    enum call_state state;
    bool begun;       // its head was looked at
    bool too_large;   // its body; what still comes is dropped
    size_t swallowed; // of that
    enum MHD_Result queued;
    char *target;          // path and query as they came
    const char *target_at; // where the library has them
    char *origin;          // that the reply allows; NULL: none
    struct buffer body;
    enum content_coding coding; // that the client accepts
};

static void add_headers(struct MHD_Response *response, const struct http_reply *reply,
                        const struct call *call)
{
    if (reply->content_type)
        MHD_add_response_header(response, "Content-Type", reply->content_type);
    for (const char *const *pair = reply->headers; pair && pair[0]; pair += 2)
        MHD_add_response_header(response, pair[0], pair[1]);
    if (call->origin) {
        MHD_add_response_header(response, "Access-Control-Allow-Origin", call->origin);
        MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
    }
    MHD_add_response_header(response, "Vary", "Origin");
}

static struct MHD_Response *make_response(struct span body)
{
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                           MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *make_compressed(struct call *call, struct span body)
{
    struct MHD_Response *response =
        make_response(compressor_run(call->connection->port->compressor, call->coding, body));

    MHD_add_response_header(response, "Content-Encoding", coding_name(call->coding));
    MHD_add_response_header(response, "Vary", "Accept-Encoding");
    return response;
}

static void queue_reply(struct call *call, const struct http_reply *reply)
{
    bool compress = call->coding != CODING_IDENTITY && reply->body.len > COMPRESS_OVER;
    struct MHD_Response *response =
        compress ? make_compressed(call, reply->body) : make_response(reply->body);

    add_headers(response, reply, call);
    call->queued = MHD_queue_response(call->connection->library, reply->status, response);
    MHD_destroy_response(response);
}

static void reply(struct http_exchange *exchange, const struct http_reply *reply)
{
    struct call *call = container_of(exchange, struct call, exchange);
    bool was_held = call->state == CALL_HELD;

    assert(was_held || call->state == CALL_HANDLING || call->state == CALL_READING);
    queue_reply(call, reply);
    call->state = CALL_ANSWERED;
    if (was_held) {
        deadline_cancel(&call->connection->quiet);
        MHD_resume_connection(call->connection->library);
        http_port_run_soon(call->connection->port);
    }
}

static const struct http_exchange_ops exchange_operations = {.reply = reply};

static enum MHD_Result reply_error(struct call *call, unsigned status, const char *json)
{
    reply(&call->exchange, &(struct http_reply){.status = status,
                                                .content_type = "application/json",
                                                .body = span_of(json)});
    return call->queued;
}

// ---- reading a request

// Of the first head it is known where the library's memory begins: the front door saw to it that
// nothing stands before it.
static void find_pool(struct connection *connection, const char *method)
{
    if (!connection->has_asked && (uintptr_t)method % HTTP_POOL_ALIGNMENT == 0)
        connection->pool = method;
    connection->has_asked = true;
}

static enum head_fault read_head(const struct call *call, const char *method, const char *version,
                                 struct http_head *head)
{
    const struct request_line line = {
        .method = method,
        .version = version,
        .target_at = call->target_at,
        .target = span_of(call->target),
    };

    return http_heads_read(call->connection, &line, head);
}

static struct span client_of(const struct connection *connection, struct http_head *head, char *out,
                             size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->library, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return proxies_find_client(connection->port->proxies, head,
                               peer_address_print(info->client_addr, out, size));
}

static void allow_origin(struct call *call, const struct http_request *request)
{
    enum origin_verdict verdict = origins_judge(call->connection->port->origins, request);

    if (verdict == ORIGIN_LISTED || verdict == ORIGIN_OWN)
        call->origin = span_dup(http_request_header(request, "Origin"));
}

static enum MHD_Result answer_preflight(struct call *call, const struct http_request *request)
{
    struct span asked = http_request_header(request, "Access-Control-Request-Headers");
    char *echo = span_dup(asked);
    const char *headers[] = {"Access-Control-Allow-Methods", "GET,POST",
                             asked.len > 0 ? "Access-Control-Allow-Headers" : NULL, echo, NULL};

    reply(&call->exchange, &(struct http_reply){.status = 204, .headers = headers});
    free(echo);
    return call->queued;
}

static bool is_preflight(const struct http_request *request)
{
    return request->method == HTTP_OPTIONS && http_request_header(request, "Origin").ptr &&
           http_request_header(request, "Access-Control-Request-Method").ptr;
}

// The connection leaves the library: MHD_NO makes it close its own descriptor and nothing else.
static bool hand_over(struct call *call, const struct http_head *head, struct span peer)
{
    struct connection *connection = call->connection;
    struct http_port *port = connection->port;
    struct span key;

    if (!http_head_asks_for_websocket(head, &key))
        return false;
    int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    // Or the registration would outlive the descriptor that it was made with.
    epoll_ctl(port->hangup_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    metric_add(&port->metrics->connections, 1); // the library's end of it is counted when it closes
    if (port->handlers.on_upgrade(fd, head, peer, port->handlers.arg))
        return true;
    metric_sub(&port->metrics->connections, 1);
    close(fd);
    http_port_watch_end(connection);
    return false;
}

static void expect_too_much(struct call *call)
{
    metric_add(&call->connection->port->metrics->body_too_large, 1);
    call->too_large = true;
    buffer_fini(&call->body);
}

// An answer that overtakes the body is lost when the connection is closed under a client, or a
// proxy, that still writes. So a body that is somewhat too large is read first.
static bool is_worth_swallowing(const struct http_head *head, size_t max)
{
    return !body_length_is_over(head, max * SWALLOW_TIMES) && !body_waits_for_leave(head);
}

static enum MHD_Result refuse_body(struct call *call)
{
    return reply_error(call, 413, "{\"message\":\"Payload too large\"}");
}

static enum MHD_Result refuse_head(struct call *call, enum head_fault fault)
{
    metric_add(&call->connection->port->metrics->heads_refused, 1);
    switch (fault) {
    case HEAD_TOO_LARGE:
        return reply_error(call, 431, "{\"message\":\"Request head too large\"}");
    case HEAD_TOO_MANY_HEADERS:
        return reply_error(call, 431, "{\"message\":\"Too many headers\"}");
    default:
        return reply_error(call, 400, "{\"message\":\"Malformed request head\"}");
    }
}

static enum MHD_Result begin_call(struct call *call, const char *method, const char *version)
{
    struct http_port *port = call->connection->port;
    struct http_head head;
    struct http_head_request as_request;
    char peer[INET6_ADDRSTRLEN];

    call->begun = true;
    metric_add(&port->metrics->http_requests, 1);
    find_pool(call->connection, method);
    enum head_fault fault = read_head(call, method, version, &head);
    if (fault != HEAD_FINE)
        return refuse_head(call, fault);
    http_head_request_init(&as_request, &head,
                           client_of(call->connection, &head, peer, sizeof(peer)));
    allow_origin(call, &as_request.request);
    call->coding = coding_accepted(http_request_header(&as_request.request, "Accept-Encoding"));
    if (body_length_is_ambiguous(&head))
        return reply_error(call, 400, "{\"message\":\"Ambiguous message length\"}");
    if (body_length_is_over(&head, port->max_body)) {
        expect_too_much(call);
        return is_worth_swallowing(&head, port->max_body) ? MHD_YES : refuse_body(call);
    }
    if (hand_over(call, &head, as_request.request.peer))
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result take_body(struct call *call, struct span piece)
{
    struct http_port *port = call->connection->port;

    if (call->state == CALL_ANSWERED)
        return MHD_YES;
    if (call->too_large) {
        call->swallowed += piece.len;
        return call->swallowed > SWALLOW_TIMES * (size_t)port->max_body ? MHD_NO : MHD_YES;
    }
    if (call->body.len + piece.len > port->max_body) {
        expect_too_much(call);
        return MHD_YES;
    }
    buffer_append(&call->body, piece);
    return MHD_YES;
}

static void give_up(struct call *call)
{
    struct http_exchange *exchange = &call->exchange;

    metric_add(&call->connection->port->metrics->http_aborted, 1);
    call->state = CALL_ABORTED;
    if (exchange->on_abort)
        exchange->on_abort(exchange->holder);
}

bool http_call_abandon(struct call *call)
{
    if (call->state != CALL_HELD)
        return false;
    give_up(call);
    return true;
}

// The end of the client's stream is told only once, and may have come before its last request was
// read.
static enum MHD_Result hold(struct call *call)
{
    if (call->connection->has_ended) {
        give_up(call);
        return MHD_NO;
    }
    call->state = CALL_HELD;
    deadline_arm(&call->connection->quiet, &call->connection->port->quiet_due);
    MHD_suspend_connection(call->connection->library);
    return MHD_YES;
}

static enum MHD_Result handle(struct call *call, const char *method, const char *version)
{
    struct http_port *port = call->connection->port;
    struct http_head head;
    struct http_head_request as_request;
    char peer[INET6_ADDRSTRLEN];

    deadline_cancel(&call->connection->deadline);
    if (call->too_large)
        return refuse_body(call);
    (void)read_head(call, method, version, &head); // it was judged before its body was read
    http_head_request_init(&as_request, &head,
                           client_of(call->connection, &head, peer, sizeof(peer)));
    if (is_preflight(&as_request.request))
        return answer_preflight(call, &as_request.request);
    as_request.request.body = buffer_span(&call->body);
    call->state = CALL_HANDLING;
    call->exchange.request = &as_request.request;
    port->handlers.on_request(&call->exchange, port->handlers.arg);
    call->exchange.request = NULL;
    if (call->state == CALL_ANSWERED)
        return call->queued;
    return hold(call);
}

enum MHD_Result http_call_on_request(void *arg, struct MHD_Connection *library, const char *url,
                                     const char *method, const char *version,
                                     const char *upload_data, size_t *upload_data_size,
                                     void **request)
{
    struct call *call = *request;

    (void)arg;
    (void)library;
    (void)url;
    if (!call->begun)
        return begin_call(call, method, version);
    if (call->state == CALL_ABORTED)
        return MHD_NO;
    if (*upload_data_size > 0) {
        struct span piece = {upload_data, *upload_data_size};
        *upload_data_size = 0;
        return take_body(call, piece);
    }
    if (call->state != CALL_READING)
        return MHD_YES;
    return handle(call, method, version);
}

void http_call_free(struct call *call)
{
    free(call->target);
    free(call->origin);
    buffer_fini(&call->body);
    free(call);
}

// The library calls this with the raw request target, before anything else of a request.
void *http_call_on_target(void *arg, const char *target, struct MHD_Connection *library)
{
    struct call *call = mem_zalloc(sizeof(*call));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)arg;
    call->connection = info->socket_context;
    call->connection->call = call;
    call->exchange.ops = &exchange_operations;
    call->target = mem_strdup(target);
    call->target_at = target;
    http_heads_hide(call->connection, target);
    deadline_arm(&call->connection->deadline, &call->connection->port->request_due);
    deadline_cancel(&call->connection->quiet);
    return call;
}

void http_call_on_completed(void *arg, struct MHD_Connection *library, void **request,
                            enum MHD_RequestTerminationCode code)
{
    struct call *call = *request;

    (void)arg;
    (void)library;
    (void)code;
    if (!call)
        return;
    *request = NULL;
    call->connection->call = NULL;
    deadline_arm(&call->connection->deadline, &call->connection->port->idle_due);
    deadline_arm(&call->connection->quiet, &call->connection->port->quiet_due);
    http_call_free(call);
}
