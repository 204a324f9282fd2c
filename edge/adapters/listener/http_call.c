// One request of plain HTTP: its head, its body, and its answer, at once or later.
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/adapters/listener/http_internals.h"
#include "edge/adapters/listener/peer_address.h"
#include "edge/http/request_body.h"

#define DROP_TIMES  4     // of what a body may have: of one that nobody keeps
#define IGNORED_MAX 65536 // bytes of a body that a GET brings

#define TOO_LARGE "{\"message\":\"Payload too large\"}"

static struct memory_budget *memory_of(const struct call *call)
{
    return call->connection->port->memory;
}

static void forget_body(struct call *call)
{
    memory_budget_give(memory_of(call), MEMORY_HTTP, call->body.len);
    buffer_fini(&call->body);
}

// What still comes of the request is dropped for a moment: an answer that overtakes it is lost when
// the connection is closed under a client, or a proxy, that still writes.
static void answer_early(struct call *call, const struct http_reply *reply)
{
    struct connection *connection = call->connection;

    http_answers_send_early(call, reply);
    call->state = CALL_REFUSED;
    call->queued = MHD_YES;
    forget_body(call);
    deadline_arm(&connection->deadline, &connection->port->linger_due);
}

static void answer(struct call *call, const struct http_reply *reply)
{
    http_answers_queue(call, reply);
    call->state = CALL_ANSWERED;
    deadline_arm(&call->connection->deadline, &call->connection->port->reply_due);
}

static void reply(struct http_exchange *exchange, const struct http_reply *reply)
{
    struct call *call = container_of(exchange, struct call, exchange);
    struct connection *connection = call->connection;
    bool was_held = call->state == CALL_HELD;

    assert(was_held || call->state == CALL_HANDLING || call->state == CALL_READING);
    if (call->early)
        answer_early(call, reply);
    else
        answer(call, reply);
    if (was_held) {
        deadline_cancel(&connection->quiet);
        MHD_resume_connection(connection->library);
        http_port_run_soon(connection->port);
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

    return trusted_proxies_find_client(connection->port->proxies, head,
                                       peer_address_print(info->client_addr, out, size));
}

static void allow_origin(struct call *call, const struct http_request *request)
{
    enum origin_verdict verdict = allowed_origins_check(call->connection->port->origins, request);

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
    struct tally_entry *counted = connection->counted;
    connection->counted = NULL;
    if (port->handlers.on_upgrade(fd, head, peer, counted, port->handlers.arg))
        return true;
    connection->counted = counted;
    metric_sub(&port->metrics->connections, 1);
    close(fd);
    http_port_watch_end(connection);
    return false;
}

// It costs time only: many proxies answer 502 when their server closes while they write.
static size_t most_dropped(const struct call *call)
{
    return DROP_TIMES * (size_t)call->connection->port->max_body;
}

static void expect_too_much(struct call *call)
{
    metric_add(&call->connection->port->metrics->body_too_large, 1);
    call->drops_body = true;
    forget_body(call);
}

// A body that is somewhat too large is read before it is refused, and the connection lives on.
static bool is_worth_dropping(const struct call *call, const struct http_head *head)
{
    return !request_body_is_over(head, most_dropped(call)) &&
           !request_body_waits_for_continue(head);
}

static enum MHD_Result refuse_body(struct call *call)
{
    return reply_error(call, 413, TOO_LARGE);
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

// Nobody takes the body, so the answer need not wait for it.
static enum MHD_Result answer_without_body(struct call *call, struct http_request *request,
                                           bool waits_for_leave)
{
    struct http_port *port = call->connection->port;

    call->early = !waits_for_leave; // otherwise nothing comes, and the library can say it
    call->state = CALL_HANDLING;
    call->exchange.request = request;
    port->handlers.on_request(&call->exchange, port->handlers.arg);
    call->exchange.request = NULL;
    assert(call->state == CALL_REFUSED || call->state == CALL_ANSWERED);
    return call->queued;
}

static bool only_reads(const struct http_request *request)
{
    return request->method == HTTP_GET || request->method == HTTP_HEAD ||
           request->method == HTTP_OPTIONS;
}

static enum MHD_Result begin_body(struct call *call, const struct http_head *head,
                                  struct http_request *request)
{
    struct http_port *port = call->connection->port;

    call->drops_body = only_reads(request);
    call->body_max =
        call->drops_body ? IGNORED_MAX : port->handlers.body_max(request, port->handlers.arg);
    if (call->body_max == 0)
        return answer_without_body(call, request, request_body_waits_for_continue(head));
    if (!request_body_is_over(head, call->body_max))
        return MHD_YES;
    expect_too_much(call);
    call->is_too_large = true;
    return is_worth_dropping(call, head) ? MHD_YES : refuse_body(call);
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
    call->coding =
        content_coding_accepted(http_request_header(&as_request.request, "Accept-Encoding"));
    if (request_body_is_ambiguous(&head))
        return reply_error(call, 400, "{\"message\":\"Ambiguous message length\"}");
    if (request_body_is_announced(&head))
        return begin_body(call, &head, &as_request.request);
    if (hand_over(call, &head, as_request.request.peer))
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result drop(struct call *call, size_t len)
{
    call->dropped += len;
    return call->dropped > most_dropped(call) ? MHD_NO : MHD_YES;
}

// In the midst of a body: chunks had not said how much would come.
static enum MHD_Result refuse_now(struct call *call, unsigned status, const char *json)
{
    call->early = true;
    return reply_error(call, status, json);
}

static enum MHD_Result take_body(struct call *call, struct span piece)
{
    if (call->state == CALL_ANSWERED)
        return MHD_YES;
    if (call->state == CALL_REFUSED || call->drops_body)
        return drop(call, piece.len);
    if (call->body.len + piece.len > call->body_max) {
        expect_too_much(call);
        return refuse_now(call, 413, TOO_LARGE);
    }
    if (!memory_budget_take(memory_of(call), MEMORY_HTTP, piece.len))
        return refuse_now(call, 503, "{\"message\":\"Too little memory\"}");
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

void http_call_too_late(struct call *call)
{
    if (call->state != CALL_READING)
        return;
    call->early = true;
    (void)reply_error(call, 408, "{\"message\":\"Request timeout\"}");
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
    if (call->is_too_large)
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
    if (!call->begun && call->state != CALL_REFUSED)
        return begin_call(call, method, version);
    if (call->state == CALL_ABORTED)
        return MHD_NO;
    if (*upload_data_size > 0) {
        struct span piece = {upload_data, *upload_data_size};
        *upload_data_size = 0;
        return take_body(call, piece);
    }
    if (call->state == CALL_REFUSED)
        return MHD_NO; // that was the end of it
    if (call->state != CALL_READING)
        return MHD_YES;
    return handle(call, method, version);
}

void http_call_free(struct call *call)
{
    http_answers_release(call);
    free(call->target);
    free(call->origin);
    forget_body(call);
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
