#define LOG_MODULE "http"

// Answers: as libmicrohttpd's responses; or past it, to a client that still sends its request.
#include <sys/socket.h>

#include "common/log.h"
#include "edge/adapters/listener/http_internals.h"

#define COMPRESS_OVER 1024 // bytes of a body

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

static struct MHD_Response *copy(struct call *call, struct span body, enum content_coding coding)
{
    struct http_port *port = call->connection->port;

    if (coding != CODING_IDENTITY)
        body = compressor_run(port->compressor, coding, body);
    call->copied = body.len;
    memory_budget_charge(port->memory, MEMORY_HTTP, call->copied); // it cannot be refused any more
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                           MHD_RESPMEM_MUST_COPY);
}

static enum content_coding coding_for(const struct call *call, const struct http_reply *reply)
{
    return reply->body.len > COMPRESS_OVER ? call->coding : CODING_IDENTITY;
}

void http_answers_queue(struct call *call, const struct http_reply *reply)
{
    enum content_coding coding = coding_for(call, reply);
    struct MHD_Response *response =
        reply->shared ? share(reply->shared, coding, call->connection->port->compressor)
                      : copy(call, reply->body, coding);

    name_coding(response, coding);
    add_headers(response, reply, call);
    call->queued = MHD_queue_response(call->connection->library, reply->status, response);
    MHD_destroy_response(response);
}

static void print_header(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s: %s\r\n", name, value);
}

static void print_early(const struct call *call, const struct http_reply *reply, struct buffer *out)
{
    buffer_printf(out, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
                  reply->status, MHD_get_reason_phrase_for(reply->status), reply->body.len);
    if (reply->content_type)
        print_header(out, "Content-Type", reply->content_type);
    for (const char *const *pair = reply->headers; pair && pair[0]; pair += 2)
        print_header(out, pair[0], pair[1]);
    if (call->origin) {
        print_header(out, "Access-Control-Allow-Origin", call->origin);
        print_header(out, "Access-Control-Allow-Credentials", "true");
    }
    print_header(out, "Vary", "Origin");
    buffer_append(out, SPAN_LIT("\r\n"));
    buffer_append(out, reply->body);
}

void http_answers_send_early(const struct call *call, const struct http_reply *reply)
{
    struct buffer text = {0};

    print_early(call, reply, &text);
    if (send(call->connection->fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)text.len)
        log_debug("an early answer was not taken status=%u", reply->status);
    shutdown(call->connection->fd, SHUT_WR);
    buffer_fini(&text);
}

void http_answers_release(struct call *call)
{
    memory_budget_give(call->connection->port->memory, MEMORY_HTTP, call->copied);
    call->copied = 0;
}
