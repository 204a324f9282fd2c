#include "edge/adapters/listener/http_body.h"

#include <assert.h>

#include "edge/adapters/listener/http_reply.h"
#include "edge/engineio/session.h"
#include "edge/http/request_body.h"

#define DROP_TIMES  4     // a body that is dropped is read up to so many times max_body
#define IGNORED_MAX 65536 // bytes of a body that comes with a GET

#define TOO_LARGE "{\"message\":\"Payload too large\"}"

// How many bytes of a body are read only to be dropped. That takes no memory, and many proxies
// answer 502 when the server closes the connection while they write.
static size_t most_dropped(const struct mhd_exchange *exchange)
{
    return DROP_TIMES * (size_t)exchange->connection->server->max_body;
}

static void expect_too_much(struct mhd_exchange *exchange)
{
    metric_add(&exchange->connection->server->metrics->body_too_large, 1);
    exchange->drops_body = true;
    mhd_exchange_drop_body(exchange);
}

// A body that is only somewhat too large is read before it is refused, and the connection can be
// kept. A client that waits for 100 Continue is refused at once.
static bool is_worth_dropping(const struct mhd_exchange *exchange, const struct http_head *head)
{
    return !request_body_is_over(head, most_dropped(exchange)) &&
           !request_body_waits_for_continue(head);
}

// The request's path takes no body, so it is answered before the body comes. `waits_for_leave`: the
// client waits for 100 Continue before it sends the body.
static enum MHD_Result answer_without_body(struct mhd_exchange *exchange,
                                           struct http_request *request, bool waits_for_leave)
{
    struct http_server *server = exchange->connection->server;

    exchange->early = !waits_for_leave; // a client that waits sends none: the library can answer
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

enum MHD_Result http_body_refuse(struct mhd_exchange *exchange)
{
    return http_reply_error(exchange, 413, TOO_LARGE);
}

enum MHD_Result http_body_expect(struct mhd_exchange *exchange, const struct http_head *head,
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
    return is_worth_dropping(exchange, head) ? MHD_YES : http_body_refuse(exchange);
}

static enum MHD_Result drop(struct mhd_exchange *exchange, size_t len)
{
    exchange->dropped += len;
    return exchange->dropped > most_dropped(exchange) ? MHD_NO : MHD_YES;
}

// Refuses in the middle of a body: chunks did not announce how much would come, or memory is short.
static enum MHD_Result refuse_now(struct mhd_exchange *exchange, unsigned status, const char *json)
{
    exchange->early = true;
    return http_reply_error(exchange, status, json);
}

// Strangers, who may send no more than this, leave the last of the budget to clients that were let
// in.
static bool takes_more(const struct mhd_exchange *exchange, size_t bytes)
{
    struct memory_budget *memory = exchange->connection->server->memory;

    if (exchange->body_max <= EIO_STRANGER_MESSAGE_MAX)
        return memory_budget_take_new(memory, MEMORY_HTTP, bytes);
    return memory_budget_take(memory, MEMORY_HTTP, bytes);
}

enum MHD_Result http_body_take(struct mhd_exchange *exchange, struct span piece)
{
    if (exchange->state == EXCHANGE_ANSWERED)
        return MHD_YES;
    if (exchange->state == EXCHANGE_REFUSED || exchange->drops_body)
        return drop(exchange, piece.len);
    if (exchange->body.len + piece.len > exchange->body_max) {
        expect_too_much(exchange);
        return refuse_now(exchange, 413, TOO_LARGE);
    }
    if (!takes_more(exchange, piece.len))
        return refuse_now(exchange, 503, "{\"message\":\"Too little memory\"}");
    buffer_append(&exchange->body, piece);
    return MHD_YES;
}
