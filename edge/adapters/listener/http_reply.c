#define LOG_MODULE "http"

#include "edge/adapters/listener/http_reply.h"

#include <assert.h>
#include <sys/socket.h>

#include "common/log.h"

#define COMPRESS_OVER 1024 // bytes of a body

static void add_headers(struct MHD_Response *response, const struct http_reply *reply,
                        const struct mhd_exchange *exchange)
{
    if (reply->content_type)
        MHD_add_response_header(response, "Content-Type", reply->content_type);
    for (const char *const *pair = reply->headers; pair && pair[0]; pair += 2)
        MHD_add_response_header(response, pair[0], pair[1]);
    if (exchange->origin) {
        MHD_add_response_header(response, "Access-Control-Allow-Origin", exchange->origin);
        MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
    }
    MHD_add_response_header(response, "Vary", "Origin");
}

static void name_coding(struct MHD_Response *response, enum content_coding coding)
{
    if (coding == CODING_IDENTITY)
        return;
    MHD_add_response_header(response, "Content-Encoding", content_coding_name(coding));
    MHD_add_response_header(response, "Vary", "Accept-Encoding");
}

static void on_shared_sent(void *arg)
{
    shared_body_unref(arg);
}

static struct MHD_Response *share(struct shared_body *shared, enum content_coding coding,
                                  struct compressor *compressor)
{
    struct span body = shared_body_coded(shared, coding, compressor);

    return MHD_create_response_from_buffer_with_free_callback_cls(
        body.len, (void *)(uintptr_t)body.ptr, on_shared_sent, shared_body_ref(shared));
}

static struct MHD_Response *copy(struct mhd_exchange *exchange, struct span body,
                                 enum content_coding coding)
{
    struct http_server *server = exchange->connection->server;

    if (coding != CODING_IDENTITY)
        body = compressor_run(server->compressor, coding, body);
    exchange->copied = body.len;
    memory_budget_charge(server->memory, MEMORY_HTTP,
                         exchange->copied); // the reply cannot be refused any more
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                           MHD_RESPMEM_MUST_COPY);
}

static enum content_coding coding_for(const struct mhd_exchange *exchange,
                                      const struct http_reply *reply)
{
    return reply->body.len > COMPRESS_OVER ? exchange->coding : CODING_IDENTITY;
}

static void queue(struct mhd_exchange *exchange, const struct http_reply *reply)
{
    enum content_coding coding = coding_for(exchange, reply);
    struct MHD_Response *response =
        reply->shared ? share(reply->shared, coding, exchange->connection->server->compressor)
                      : copy(exchange, reply->body, coding);

    name_coding(response, coding);
    add_headers(response, reply, exchange);
    exchange->queued = MHD_queue_response(exchange->connection->library, reply->status, response);
    MHD_destroy_response(response);
}

static void print_header(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s: %s\r\n", name, value);
}

static void print_early(const struct mhd_exchange *exchange, const struct http_reply *reply,
                        struct buffer *out)
{
    buffer_printf(out, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
                  reply->status, MHD_get_reason_phrase_for(reply->status), reply->body.len);
    if (reply->content_type)
        print_header(out, "Content-Type", reply->content_type);
    for (const char *const *pair = reply->headers; pair && pair[0]; pair += 2)
        print_header(out, pair[0], pair[1]);
    if (exchange->origin) {
        print_header(out, "Access-Control-Allow-Origin", exchange->origin);
        print_header(out, "Access-Control-Allow-Credentials", "true");
    }
    print_header(out, "Vary", "Origin");
    buffer_append(out, SPAN_LIT("\r\n"));
    buffer_append(out, reply->body);
}

static void send_early(const struct mhd_exchange *exchange, const struct http_reply *reply)
{
    struct buffer text = {0};

    print_early(exchange, reply, &text);
    if (send(exchange->connection->fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)text.len)
        log_debug("an early answer was not taken status=%u", reply->status);
    shutdown(exchange->connection->fd, SHUT_WR);
    buffer_fini(&text);
}

// Replies before the whole request has come. If the connection were closed while the client or a
// proxy still writes, the reply would be lost. So for a moment (linger_due) the rest of the request
// is read and dropped.
static void answer_early(struct mhd_exchange *exchange, const struct http_reply *reply)
{
    struct http_connection *connection = exchange->connection;

    send_early(exchange, reply);
    exchange->state = EXCHANGE_REFUSED;
    exchange->queued = MHD_YES;
    mhd_exchange_drop_body(exchange);
    deadline_arm(&connection->deadline, &connection->server->linger_due);
}

static void answer(struct mhd_exchange *exchange, const struct http_reply *reply)
{
    queue(exchange, reply);
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

void http_reply_init(struct mhd_exchange *exchange)
{
    static const struct http_exchange_ops operations = {.reply = reply};

    exchange->base.ops = &operations;
}

enum MHD_Result http_reply_error(struct mhd_exchange *exchange, unsigned status, const char *json)
{
    reply(&exchange->base, &(struct http_reply){.status = status,
                                                .content_type = "application/json",
                                                .body = span_of(json)});
    return exchange->queued;
}

void http_reply_release(struct mhd_exchange *exchange)
{
    memory_budget_give(exchange->connection->server->memory, MEMORY_HTTP, exchange->copied);
    exchange->copied = 0;
}
