// One request of plain HTTP: its head, its body, and its answer, at once or later.
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/adapters/listener/http_internal.h"
#include "edge/adapters/listener/peer_address.h"
#include "edge/http/request_body.h"

#define DROP_TIMES  4     // of what a body may have: of one that nobody keeps
#define IGNORED_MAX 65536 // bytes of a body that a GET brings

#define TOO_LARGE "{\"message\":\"Payload too large\"}"

static struct memory_budget *memory_of(const struct mhd_exchange *exchange)
{
    return exchange->connection->server->memory;
}

static void forget_body(struct mhd_exchange *exchange)
{
    memory_budget_give(memory_of(exchange), MEMORY_HTTP, exchange->body.len);
    buffer_fini(&exchange->body);
}

// What still comes of the request is dropped for a moment: an answer that overtakes it is lost when
// the connection is closed under a client, or a proxy, that still writes.
static void answer_early(struct mhd_exchange *exchange, const struct http_reply *reply)
{
    struct http_connection *connection = exchange->connection;

    http_reply_send_early(exchange, reply);
    exchange->state = EXCHANGE_REFUSED;
    exchange->queued = MHD_YES;
    forget_body(exchange);
    deadline_arm(&connection->deadline, &connection->server->linger_due);
}

static void answer(struct mhd_exchange *exchange, const struct http_reply *reply)
{
    http_reply_queue(exchange, reply);
    exchange->state = EXCHANGE_ANSWERED;
    deadline_arm(&exchange->connection->deadline, &exchange->connection->server->reply_due);
}

static void reply(struct http_exchange *base, const struct http_reply *reply)
{
    struct mhd_exchange *exchange = container_of(base, struct mhd_exchange, base);
    struct http_connection *connection = exchange->connection;
    bool was_held = exchange->state == EXCHANGE_HELD;

    assert(was_held || exchange->state == EXCHANGE_HANDLING || exchange->state == EXCHANGE_READING);
    if (exchange->early)
        answer_early(exchange, reply);
    else
        answer(exchange, reply);
    if (was_held) {
        deadline_cancel(&connection->quiet);
        MHD_resume_connection(connection->library);
        http_server_run_soon(connection->server);
    }
}

static const struct http_exchange_ops exchange_operations = {.reply = reply};

static enum MHD_Result reply_error(struct mhd_exchange *exchange, unsigned status, const char *json)
{
    reply(&exchange->base, &(struct http_reply){.status = status,
                                                .content_type = "application/json",
                                                .body = span_of(json)});
    return exchange->queued;
}

// ---- reading a request

// Of the first head it is known where the library's memory begins: the acceptor saw to it that
// nothing stands before it.
static void find_pool(struct http_connection *connection, const char *method)
{
    if (!connection->has_asked && (uintptr_t)method % HTTP_POOL_ALIGNMENT == 0)
        connection->pool = method;
    connection->has_asked = true;
}

static enum head_fault read_head(const struct mhd_exchange *exchange, const char *method,
                                 const char *version, struct http_head *head)
{
    const struct request_line line = {
        .method = method,
        .version = version,
        .target_at = exchange->target_at,
        .target = span_of(exchange->target),
    };

    return http_head_reader_read(exchange->connection, &line, head);
}

static struct span client_of(const struct http_connection *connection, struct http_head *head,
                             char *out, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->library, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return trusted_proxies_find_client(connection->server->proxies, head,
                                       peer_address_print(info->client_addr, out, size));
}

static void allow_origin(struct mhd_exchange *exchange, const struct http_request *request)
{
    enum origin_verdict verdict =
        allowed_origins_check(exchange->connection->server->origins, request);

    if (verdict == ORIGIN_LISTED || verdict == ORIGIN_OWN)
        exchange->origin = span_dup(http_request_header(request, "Origin"));
}

static enum MHD_Result answer_preflight(struct mhd_exchange *exchange,
                                        const struct http_request *request)
{
    struct span asked = http_request_header(request, "Access-Control-Request-Headers");
    char *echo = span_dup(asked);
    const char *headers[] = {"Access-Control-Allow-Methods", "GET,POST",
                             asked.len > 0 ? "Access-Control-Allow-Headers" : NULL, echo, NULL};

    reply(&exchange->base, &(struct http_reply){.status = 204, .headers = headers});
    free(echo);
    return exchange->queued;
}

static bool is_preflight(const struct http_request *request)
{
    return request->method == HTTP_OPTIONS && http_request_header(request, "Origin").ptr &&
           http_request_header(request, "Access-Control-Request-Method").ptr;
}

// The connection leaves the library: MHD_NO makes it close its own descriptor and nothing else.
static bool hand_over(struct mhd_exchange *exchange, const struct http_head *head, struct span peer)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    struct span key;

    if (!http_head_asks_for_websocket(head, &key))
        return false;
    int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    // Or the registration would outlive the descriptor that it was made with.
    epoll_ctl(server->hangup_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    metric_add(&server->metrics->connections,
               1); // the library's end of it is counted when it closes
    struct key_count *counted = connection->counted;
    connection->counted = NULL;
    if (server->handlers.on_upgrade(fd, head, peer, counted, server->handlers.arg))
        return true;
    connection->counted = counted;
    metric_sub(&server->metrics->connections, 1);
    close(fd);
    http_server_watch_end(connection);
    return false;
}

// It costs time only: many proxies answer 502 when their server closes while they write.
static size_t most_dropped(const struct mhd_exchange *exchange)
{
    return DROP_TIMES * (size_t)exchange->connection->server->max_body;
}

static void expect_too_much(struct mhd_exchange *exchange)
{
    metric_add(&exchange->connection->server->metrics->body_too_large, 1);
    exchange->drops_body = true;
    forget_body(exchange);
}

// A body that is somewhat too large is read before it is refused, and the connection lives on.
static bool is_worth_dropping(const struct mhd_exchange *exchange, const struct http_head *head)
{
    return !request_body_is_over(head, most_dropped(exchange)) &&
           !request_body_waits_for_continue(head);
}

static enum MHD_Result refuse_body(struct mhd_exchange *exchange)
{
    return reply_error(exchange, 413, TOO_LARGE);
}

static enum MHD_Result refuse_head(struct mhd_exchange *exchange, enum head_fault fault)
{
    metric_add(&exchange->connection->server->metrics->heads_refused, 1);
    switch (fault) {
    case HEAD_TOO_LARGE:
        return reply_error(exchange, 431, "{\"message\":\"Request head too large\"}");
    case HEAD_TOO_MANY_HEADERS:
        return reply_error(exchange, 431, "{\"message\":\"Too many headers\"}");
    default:
        return reply_error(exchange, 400, "{\"message\":\"Malformed request head\"}");
    }
}

// Nobody takes the body, so the answer need not wait for it.
static enum MHD_Result answer_without_body(struct mhd_exchange *exchange,
                                           struct http_request *request, bool waits_for_leave)
{
    struct http_server *server = exchange->connection->server;

    exchange->early = !waits_for_leave; // otherwise nothing comes, and the library can say it
    exchange->state = EXCHANGE_HANDLING;
    exchange->base.request = request;
    server->handlers.on_request(&exchange->base, server->handlers.arg);
    exchange->base.request = NULL;
    assert(exchange->state == EXCHANGE_REFUSED || exchange->state == EXCHANGE_ANSWERED);
    return exchange->queued;
}

static bool only_reads(const struct http_request *request)
{
    return request->method == HTTP_GET || request->method == HTTP_HEAD ||
           request->method == HTTP_OPTIONS;
}

static enum MHD_Result begin_body(struct mhd_exchange *exchange, const struct http_head *head,
                                  struct http_request *request)
{
    struct http_server *server = exchange->connection->server;

    exchange->drops_body = only_reads(request);
    exchange->body_max = exchange->drops_body
                             ? IGNORED_MAX
                             : server->handlers.body_max(request, server->handlers.arg);
    if (exchange->body_max == 0)
        return answer_without_body(exchange, request, request_body_waits_for_continue(head));
    if (!request_body_is_over(head, exchange->body_max))
        return MHD_YES;
    expect_too_much(exchange);
    exchange->is_too_large = true;
    return is_worth_dropping(exchange, head) ? MHD_YES : refuse_body(exchange);
}

static enum MHD_Result begin(struct mhd_exchange *exchange, const char *method, const char *version)
{
    struct http_server *server = exchange->connection->server;
    struct http_head head;
    struct http_head_request as_request;
    char peer[INET6_ADDRSTRLEN];

    exchange->begun = true;
    metric_add(&server->metrics->http_requests, 1);
    find_pool(exchange->connection, method);
    enum head_fault fault = read_head(exchange, method, version, &head);
    if (fault != HEAD_FINE)
        return refuse_head(exchange, fault);
    http_head_request_init(&as_request, &head,
                           client_of(exchange->connection, &head, peer, sizeof(peer)));
    allow_origin(exchange, &as_request.request);
    exchange->coding =
        content_coding_accepted(http_request_header(&as_request.request, "Accept-Encoding"));
    if (request_body_is_ambiguous(&head))
        return reply_error(exchange, 400, "{\"message\":\"Ambiguous message length\"}");
    if (request_body_is_announced(&head))
        return begin_body(exchange, &head, &as_request.request);
    if (hand_over(exchange, &head, as_request.request.peer))
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result drop(struct mhd_exchange *exchange, size_t len)
{
    exchange->dropped += len;
    return exchange->dropped > most_dropped(exchange) ? MHD_NO : MHD_YES;
}

// In the midst of a body: chunks had not said how much would come.
static enum MHD_Result refuse_now(struct mhd_exchange *exchange, unsigned status, const char *json)
{
    exchange->early = true;
    return reply_error(exchange, status, json);
}

static enum MHD_Result take_body(struct mhd_exchange *exchange, struct span piece)
{
    if (exchange->state == EXCHANGE_ANSWERED)
        return MHD_YES;
    if (exchange->state == EXCHANGE_REFUSED || exchange->drops_body)
        return drop(exchange, piece.len);
    if (exchange->body.len + piece.len > exchange->body_max) {
        expect_too_much(exchange);
        return refuse_now(exchange, 413, TOO_LARGE);
    }
    if (!memory_budget_take(memory_of(exchange), MEMORY_HTTP, piece.len))
        return refuse_now(exchange, 503, "{\"message\":\"Too little memory\"}");
    buffer_append(&exchange->body, piece);
    return MHD_YES;
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
    (void)reply_error(exchange, 408, "{\"message\":\"Request timeout\"}");
}

// The end of the client's stream is told only once, and may have come before its last request was
// read.
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
    struct http_head head;
    struct http_head_request as_request;
    char peer[INET6_ADDRSTRLEN];

    deadline_cancel(&exchange->connection->deadline);
    if (exchange->is_too_large)
        return refuse_body(exchange);
    (void)read_head(exchange, method, version, &head); // it was judged before its body was read
    http_head_request_init(&as_request, &head,
                           client_of(exchange->connection, &head, peer, sizeof(peer)));
    if (is_preflight(&as_request.request))
        return answer_preflight(exchange, &as_request.request);
    as_request.request.body = buffer_span(&exchange->body);
    exchange->state = EXCHANGE_HANDLING;
    exchange->base.request = &as_request.request;
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
        return begin(exchange, method, version);
    if (exchange->state == EXCHANGE_ABORTED)
        return MHD_NO;
    if (*upload_data_size > 0) {
        struct span piece = {upload_data, *upload_data_size};
        *upload_data_size = 0;
        return take_body(exchange, piece);
    }
    if (exchange->state == EXCHANGE_REFUSED)
        return MHD_NO; // that was the end of it
    if (exchange->state != EXCHANGE_READING)
        return MHD_YES;
    return handle(exchange, method, version);
}

void http_exchange_free(struct mhd_exchange *exchange)
{
    http_reply_release(exchange);
    free(exchange->target);
    free(exchange->origin);
    forget_body(exchange);
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
    exchange->base.ops = &exchange_operations;
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
