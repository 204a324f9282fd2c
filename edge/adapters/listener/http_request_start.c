#include "edge/adapters/listener/http_request_start.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/mem.h"
#include "edge/adapters/listener/http_body.h"
#include "edge/adapters/listener/http_head_reader.h"
#include "edge/adapters/listener/http_reply.h"
#include "edge/adapters/listener/peer_address.h"
#include "edge/http/request_body.h"

// The first head begins where the library's memory does: arrivals.c has taken empty lines before
// the head off the socket.
static void find_pool(struct http_connection *connection, const char *method)
{
    if (!connection->has_asked && (uintptr_t)method % HTTP_POOL_ALIGNMENT == 0)
        connection->pool = method;
    connection->has_asked = true;
}

static struct span client_of(const struct http_connection *connection, struct http_head *head,
                             char *out, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->library, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return trusted_proxies_find_client(connection->server->proxies, head,
                                       peer_address_print(info->client_addr, out, size));
}

static enum head_fault read_head(struct http_request_head *read, struct mhd_exchange *exchange,
                                 const char *method, const char *version)
{
    const struct request_line line = {
        .method = method,
        .version = version,
        .target_at = exchange->target_at,
        .target = span_of(exchange->target),
    };
    enum head_fault fault = http_head_reader_read(exchange->connection, &line, &read->head);

    read->of = exchange;
    if (fault == HEAD_FINE)
        http_head_request_init(
            &read->as_request, &read->head,
            client_of(exchange->connection, &read->head, read->peer, sizeof(read->peer)));
    return fault;
}

// A request without a body is handled right after its head was read, so `last_read` still has it.
// While a body comes, other connections read their heads; then the head is read again. It was
// checked before, so the result is ignored.
struct http_request *http_request_of(struct mhd_exchange *exchange, const char *method,
                                     const char *version)
{
    struct http_request_head *read = &exchange->connection->server->last_read;

    if (read->of != exchange)
        (void)read_head(read, exchange, method, version);
    return &read->as_request.request;
}

static void allow_origin(struct mhd_exchange *exchange, const struct http_request *request)
{
    enum origin_verdict verdict =
        allowed_origins_check(exchange->connection->server->origins, request);

    if (verdict == ORIGIN_LISTED || verdict == ORIGIN_OWN)
        exchange->origin = span_dup(http_request_header(request, "Origin"));
}

// Hands the connection over to the WebSockets, as a duplicate of its descriptor. True: the caller
// returns MHD_NO, on which the library closes its own descriptor and does nothing else.
static bool hand_over(struct mhd_exchange *exchange, const struct http_request_head *read)
{
    struct http_connection *connection = exchange->connection;
    struct http_server *server = connection->server;
    struct span key;

    if (!http_head_asks_for_websocket(&read->head, &key))
        return false;
    int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    // Closing one of two duplicates does not end a registration with epoll.
    epoll_ctl(server->hangup_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    // Counts the duplicate: the connection is uncounted once when the library closes its own
    // descriptor, and once more when the WebSocket ends.
    metric_add(&server->metrics->connections, 1);
    struct key_count *counted = connection->counted;
    connection->counted = NULL;
    if (server->handlers.on_upgrade(fd, &read->as_request.request, key, counted,
                                    server->handlers.arg))
        return true;
    connection->counted = counted;
    metric_sub(&server->metrics->connections, 1);
    close(fd);
    http_connection_watch_end(connection);
    return false;
}

static enum MHD_Result refuse_head(struct mhd_exchange *exchange, enum head_fault fault)
{
    metric_add(&exchange->connection->server->metrics->heads_refused, 1);
    switch (fault) {
    case HEAD_TOO_LARGE:
        return http_reply_error(exchange, 431, "{\"message\":\"Request head too large\"}");
    case HEAD_TOO_MANY_HEADERS:
        return http_reply_error(exchange, 431, "{\"message\":\"Too many headers\"}");
    default:
        return http_reply_error(exchange, 400, "{\"message\":\"Malformed request head\"}");
    }
}

enum MHD_Result http_request_start(struct mhd_exchange *exchange, const char *method,
                                   const char *version)
{
    struct http_server *server = exchange->connection->server;
    struct http_request_head *read = &server->last_read;
    struct http_request *request = &read->as_request.request;

    exchange->begun = true;
    metric_add(&server->metrics->http_requests, 1);
    find_pool(exchange->connection, method);
    enum head_fault fault = read_head(read, exchange, method, version);
    if (fault != HEAD_FINE)
        return refuse_head(exchange, fault);
    allow_origin(exchange, request);
    exchange->coding = content_coding_accepted(http_request_header(request, "Accept-Encoding"));
    if (request_body_is_ambiguous(&read->head))
        return http_reply_error(exchange, 400, "{\"message\":\"Ambiguous message length\"}");
    if (request_body_is_announced(&read->head))
        return http_body_expect(exchange, &read->head, request);
    return hand_over(exchange, read) ? MHD_NO : MHD_YES;
}
