#define LOG_MODULE "websocket"

#include "edge/adapters/listener/websocket_server.h"

#include <libwebsockets.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/listener/websocket_closing.h"
#include "edge/adapters/listener/websocket_handshake.h"
#include "edge/adapters/listener/websocket_reader.h"
#include "edge/adapters/listener/websocket_tables.h"
#include "edge/adapters/listener/websocket_writer.h"
#include "edge/engineio/server.h"

#define CLOSE_GRACE_MS 5000  // for the closing handshake, and the backlog before it
#define MESSAGE_MS     20000 // for a message to become whole, or to grow by MESSAGE_STEP
#define DIGEST_LEN     20    // of SHA-1
#define PROTOCOL       "websocket"

struct websocket_server {
    struct websocket_tables *tables;
    struct websocket_shared shared;
    void (*on_gone)(struct key_count *counted, void *arg);
    void *arg;
    bool answers_at_once; // see listener_options
    // The handshake that websocket_server_adopt() is answering right now.
    bool destroy_follows; // the library will say that the connection is destroyed
    const struct eio_admission *admission;
    const struct http_request *request;
    struct span key;
};

// ---- what the engine asks for

static bool can_write(struct eio_websocket *websocket)
{
    return websocket_can_write(websocket_connection_of(websocket));
}

static size_t write_frames(struct eio_websocket *websocket, const struct span *pieces,
                           uint32_t count)
{
    return websocket_write_frames(websocket_connection_of(websocket), pieces, count);
}

void websocket_want_writable(struct websocket_connection *connection)
{
    if (connection->wants_writable)
        return;
    connection->wants_writable = true;
    lws_callback_on_writable(connection->wsi);
}

static void want_writable(struct eio_websocket *websocket)
{
    websocket_want_writable(websocket_connection_of(websocket));
}

static void close_websocket(struct eio_websocket *websocket, unsigned code)
{
    if (code == 0)
        websocket_abort(websocket_connection_of(websocket));
    else
        websocket_close(websocket_connection_of(websocket), code);
}

static const struct eio_websocket_ops operations = {
    .can_write = can_write,
    .write = write_frames,
    .want_writable = want_writable,
    .close = close_websocket,
};

// ---- what the library says

// The value of Sec-WebSocket-Accept for this key (RFC 6455, 4.2.2).
static void make_accept(struct span key, struct buffer *out)
{
    unsigned char digest[DIGEST_LEN];

    buffer_append(out, key);
    buffer_append(out, SPAN_LIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    lws_SHA1((const unsigned char *)out->ptr, out->len, digest);
    buffer_clear(out);
    base64_append(out, (struct span){(char *)digest, sizeof(digest)});
}

static void answer_handshake(const struct websocket_server *server,
                             struct websocket_connection *connection)
{
    struct buffer accept = {0};

    make_accept(server->key, &accept);
    connection->receiver.compression = websocket_handshake_reply(
        server->request, buffer_span(&accept), eio_server_compression(server->admission->server),
        &connection->own);
    connection->reply_waits = true;
    buffer_fini(&accept);
}

// The reply to the handshake waits for the session's first frames, which follow in this turn of the
// loop. It is sent at once if the options say so, and for a probe, which has no frames to send yet.
static void on_adopted(struct websocket_server *server, struct websocket_connection *connection,
                       struct lws *wsi)
{
    connection->wsi = wsi;
    connection->fd = lws_get_socket_fd(wsi);
    connection->shared = &server->shared;
    deadline_init(&connection->timeout);
    metric_add(&server->shared.metrics->websockets, 1);
    answer_handshake(server, connection);
    connection->open = eio_websocket_open(&connection->engine, &operations, server->admission,
                                          server->request, connection->receiver.compression);
    if (!connection->open)
        websocket_close(connection, WS_CLOSE_NORMAL);
    else if (connection->engine.probing || server->answers_at_once)
        websocket_send_reply(connection);
}

static void on_writable(struct websocket_connection *connection)
{
    connection->wants_writable = false;
    connection->full = false;
    if (connection->close_code) {
        websocket_continue_closing(connection);
        return;
    }
    websocket_send_own(connection);
    websocket_send_pong(connection);
    eio_websocket_on_writable(&connection->engine);
}

static void on_closed(struct websocket_connection *connection)
{
    if (!connection->shared)
        return; // the library has failed to adopt it
    websocket_leave_engine(connection);
    eio_websocket_fini(&connection->engine);
    deadline_cancel(&connection->timeout);
    websocket_drop_message(connection);
    buffer_fini(&connection->own);
    buffer_fini(&connection->pong);
    metric_sub(&connection->shared->metrics->websockets, 1);
}

static int on_library_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t len)
{
    struct websocket_connection *connection = user;
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    struct websocket_server *server = vhost ? lws_vhost_user(vhost) : NULL;

    if (!server)
        return 0; // about the library itself
    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        server->destroy_follows = true;
        on_adopted(server, connection, wsi);
        return 0;
    case LWS_CALLBACK_RAW_RX:
        websocket_read(connection, (struct ws_input){in, len});
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        on_writable(connection);
        return 0;
    case LWS_CALLBACK_RAW_CLOSE:
        server->destroy_follows = true;
        on_closed(connection);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        server->on_gone(lws_get_opaque_user_data(wsi), server->arg);
        return 0;
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
    case LWS_CALLBACK_HTTP: // HTTP is never served here
        return -1;
    default:
        return 0;
    }
}

struct websocket_server *websocket_server_new(const struct listener_options *options,
                                              struct event_loop *loop,
                                              struct listener_metrics *metrics,
                                              void (*on_gone)(struct key_count *counted, void *arg),
                                              void *arg)
{
    static const struct lws_protocols protocols[] = {
        {
            .name = PROTOCOL,
            .callback = on_library_event,
            .per_session_data_size = sizeof(struct websocket_connection),
        },
        {0},
    };
    struct websocket_server *server = mem_zalloc(sizeof(*server));

    server->shared.metrics = metrics;
    server->on_gone = on_gone;
    server->arg = arg;
    server->answers_at_once = options->answers_upgrades_at_once;
    server->tables = websocket_tables_new(loop, options->max_connections, protocols, server);
    if (!server->tables) {
        free(server);
        return NULL;
    }
    server->shared.inflater = ws_inflater_new();
    deadline_queue_init(&server->shared.close_due, &loop->deadlines, CLOSE_GRACE_MS,
                        websocket_on_close_late, NULL);
    deadline_queue_init(&server->shared.message_due, &loop->deadlines, MESSAGE_MS,
                        websocket_on_message_late, &server->shared);
    return server;
}

// When the library fails it closes the descriptor, in one of two ways. Without memory for the
// connection it says nothing more. Later it closes the connection as any other: RAW_CLOSE comes at
// once, WSI_DESTROY in a later turn of the loop.
void websocket_server_adopt(struct websocket_server *server, int fd, struct key_count *counted,
                            struct span key, const struct eio_admission *admission,
                            const struct http_request *request)
{
    const lws_adopt_desc_t adoption = {
        .vh = websocket_tables_find(server->tables, fd),
        .type = LWS_ADOPT_SOCKET,
        .fd = {.sockfd = fd},
        .vh_prot_name = PROTOCOL,
        .opaque = counted,
    };

    server->admission = admission;
    server->request = request;
    server->key = key;
    server->destroy_follows = false;
    if (!lws_adopt_descriptor_vhost_via_info(&adoption))
        log_debug("a connection was not adopted");
    if (!server->destroy_follows)
        server->on_gone(counted, server->arg);
    server->admission = NULL;
    server->request = NULL;
}

void websocket_server_close(struct websocket_server *server)
{
    deadline_queue_fini(&server->shared.close_due);
    deadline_queue_fini(&server->shared.message_due);
    websocket_tables_close(server->tables);
}

void websocket_server_free(struct websocket_server *server)
{
    if (!server)
        return;
    websocket_tables_free(server->tables);
    ws_inflater_free(server->shared.inflater);
    free(server);
}
