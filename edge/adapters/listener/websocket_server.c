#define LOG_MODULE "websocket"

#include "edge/adapters/listener/websocket_server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/base64.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/engineio/server.h"
#include "edge/http/request_head.h"
#include "edge/websocket/receiver.h"

#define CLOSE_GRACE_MS    5000  // for a backlog to drain before a close
#define MESSAGE_MS        20000 // for a message that has begun to become whole
#define MESSAGE_STEP      65536 // or, from a client that was let in, to come so much further
#define SERVICE_BUFFER    4096  // bytes of one read: a rush of some does not hold up the others
#define OTHER_DESCRIPTORS 512   // of the process: listeners, brokers, files, pipes
#define WRITE_MAX         ((size_t)128 * 1024) // bytes of one write; others get their turn
#define WITH_GREETING     4096 // bytes of first frames that go with the reply to the handshake
#define DIGEST_LEN        20   // of SHA-1
#define PROTOCOL          "websocket"

struct websocket_server {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct listener_metrics *metrics;
    void (*on_gone)(struct key_count *counted, void *arg);
    void *arg;
    struct deadline_queue close_due, message_due;
    struct ws_inflater *inflater;
    bool answers_at_once; // see listener_options
    // The handshake that websocket_server_adopt() is doing right now.
    struct key_count *counted;
    const struct eio_admission *admission;
    const struct http_request *request;
    struct span key;
};

// libwebsockets allocates one for each connection and zeroes it.
struct websocket_connection {
    struct eio_websocket engine;
    struct lws *wsi;
    struct websocket_server *server;
    struct key_count *counted; // as its address
    struct ws_receiver receiver;
    struct buffer own;  // what is not the engine's and was not sent: the reply to the handshake,
                        // which waits for the first frames; a pong; the goodbye
    struct buffer pong; // a frame, the answer to the last ping, while there is a backlog
    size_t held;        // of `receiver`, as the budget knows it
    size_t held_then;   // when `patience` began
    struct deadline patience; // with a message that is not whole yet, or with a close
    unsigned close_code;
    bool said_goodbye; // the close frame was written
    bool open;         // the engine knows it
    bool wants_writable;
    bool full;   // the socket took less than it was given
    bool greets; // the reply to the handshake stands in `own`
};

static struct websocket_connection *connection_of(struct eio_websocket *websocket)
{
    return container_of(websocket, struct websocket_connection, engine);
}

// The library notices the end of the stream in its own time and closes then.
static void abort_connection(struct websocket_connection *connection)
{
    shutdown(lws_get_socket_fd(connection->wsi), SHUT_RDWR);
}

// ---- writing

// Something waits that goes ahead of whatever is written next.
static bool has_backlog(const struct websocket_connection *connection)
{
    return (connection->own.len > 0 && !connection->greets) || connection->engine.cut;
}

static void want_writable(struct websocket_connection *connection)
{
    if (connection->wants_writable)
        return;
    connection->wants_writable = true;
    lws_callback_on_writable(connection->wsi);
}

// How much of it the socket took; a broken connection takes all. Straight to the socket: the
// library would keep what is not taken, but reads nothing from a connection while it does, not even
// the answers to heartbeats.
static size_t send_some(struct websocket_connection *connection, struct span bytes)
{
    size_t len = bytes.len < WRITE_MAX ? bytes.len : WRITE_MAX;
    ssize_t sent =
        send(lws_get_socket_fd(connection->wsi), bytes.ptr, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
        abort_connection(connection);
        return bytes.len;
    }
    size_t taken = sent > 0 ? (size_t)sent : 0;
    if (taken < bytes.len) {
        connection->full = true;
        want_writable(connection);
    }
    return taken;
}

static void send_own(struct websocket_connection *connection)
{
    struct buffer *own = &connection->own;

    connection->greets = false;
    if (own->len == 0 || connection->full)
        return;
    size_t sent = send_some(connection, buffer_span(own));
    if (sent == own->len) {
        buffer_fini(own);
        return;
    }
    memmove(own->ptr, own->ptr + sent, own->len - sent);
    own->len -= sent;
}

static void write_own(struct websocket_connection *connection, struct span bytes)
{
    buffer_append(&connection->own, bytes);
    send_own(connection);
}

static void send_greeting(struct websocket_connection *connection)
{
    if (connection->greets)
        send_own(connection);
}

static void send_pong(struct websocket_connection *connection)
{
    send_greeting(connection);
    if (connection->pong.len == 0 || connection->full || has_backlog(connection))
        return;
    write_own(connection, buffer_span(&connection->pong));
    buffer_fini(&connection->pong);
}

static bool can_write(struct eio_websocket *websocket)
{
    const struct websocket_connection *connection = connection_of(websocket);

    return !connection->close_code && !connection->full &&
           (connection->own.len == 0 || connection->greets);
}

static size_t write_frames(struct eio_websocket *websocket, struct span frames)
{
    struct websocket_connection *connection = connection_of(websocket);

    if (connection->greets && frames.len <= WITH_GREETING) {
        write_own(connection, frames);
        return frames.len;
    }
    send_pong(connection);
    return connection->full ? 0 : send_some(connection, frames);
}

static void engine_wants_writable(struct eio_websocket *websocket)
{
    want_writable(connection_of(websocket));
}

// ---- closing

static void write_close_frame(struct websocket_connection *connection)
{
    unsigned code = connection->close_code;
    unsigned char frame[WS_SERVER_HEADER_MAX + 2];
    size_t payload = code == WS_CLOSE_NO_CODE ? 0 : 2;
    size_t len = ws_header_write(frame, WS_CLOSE, false, payload);

    frame[len] = (unsigned char)(code >> 8);
    frame[len + 1] = (unsigned char)code;
    connection->said_goodbye = true;
    write_own(connection, (struct span){(char *)frame, len + payload});
}

// Behind the rest of what was begun. Then our side of the stream ends, and the client's end or the
// deadline brings the rest.
static void say_goodbye(struct websocket_connection *connection)
{
    send_own(connection);
    if (!connection->full)
        eio_websocket_write_rest(&connection->engine);
    if (!has_backlog(connection) && !connection->said_goodbye)
        write_close_frame(connection);
    if (has_backlog(connection))
        want_writable(connection);
    else
        shutdown(lws_get_socket_fd(connection->wsi), SHUT_WR);
}

static void close_connection(struct websocket_connection *connection, unsigned code)
{
    connection->close_code = code;
    deadline_arm(&connection->patience, &connection->server->close_due);
    say_goodbye(connection);
}

static void close_websocket(struct eio_websocket *websocket, unsigned code)
{
    if (code == 0)
        abort_connection(connection_of(websocket));
    else
        close_connection(connection_of(websocket), code);
}

static const struct eio_websocket_ops operations = {
    .can_write = can_write,
    .write = write_frames,
    .want_writable = engine_wants_writable,
    .close = close_websocket,
};

static void on_close_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    abort_connection(container_of(deadline, struct websocket_connection, patience));
}

static void leave_engine(struct websocket_connection *connection)
{
    if (connection->open)
        eio_websocket_on_closed(&connection->engine);
    connection->open = false;
}

static void forget_message(struct websocket_connection *connection)
{
    ws_receiver_fini(&connection->receiver);
    memory_budget_give(eio_server_memory(connection->engine.server), MEMORY_MESSAGES,
                       connection->held);
    connection->held = 0;
}

// The session is over at once, whether or not the client takes notice.
static void end(struct websocket_connection *connection, unsigned code)
{
    leave_engine(connection);
    forget_message(connection);
    if (!connection->close_code)
        close_connection(connection, code);
}

// ---- reading

// Of several pings only the last need be answered (RFC 6455, 5.5.3), so a flood of them costs one
// write for each read.
static void answer_ping(struct websocket_connection *connection, struct span payload)
{
    unsigned char header[WS_SERVER_HEADER_MAX];
    size_t len = ws_header_write(header, WS_PONG, false, payload.len);

    buffer_clear(&connection->pong);
    buffer_append(&connection->pong, (struct span){(char *)header, len});
    buffer_append(&connection->pong, payload);
}

static void on_event(struct websocket_connection *connection, enum ws_event event,
                     const struct ws_received *received)
{
    switch (event) {
    case WS_EVENT_MESSAGE:
        eio_websocket_on_message(&connection->engine,
                                 received->kind == WS_TEXT ? FRAME_TEXT : FRAME_BINARY,
                                 received->bytes);
        break;
    case WS_EVENT_PING:
        answer_ping(connection, received->bytes);
        break;
    case WS_EVENT_FAILED:
        metric_add(&connection->server->metrics->websockets_failed, 1);
        // fall through
    case WS_EVENT_CLOSE:
        end(connection, received->code);
        break;
    case WS_EVENT_PONG:
    case WS_EVENT_NONE:
        break;
    }
}

// False when the budget has no room for more.
static bool settle_held(struct websocket_connection *connection)
{
    struct memory_budget *memory = eio_server_memory(connection->engine.server);
    size_t held = ws_receiver_held(&connection->receiver);

    if (held < connection->held)
        memory_budget_give(memory, MEMORY_MESSAGES, connection->held - held);
    else if (!memory_budget_take(memory, MEMORY_MESSAGES, held - connection->held))
        return false;
    connection->held = held;
    return true;
}

static void wait_for_rest(struct websocket_connection *connection)
{
    connection->held_then = connection->held;
    deadline_arm(&connection->patience, &connection->server->message_due);
}

static void on_message_late(struct deadline *deadline, void *arg)
{
    struct websocket_connection *connection =
        container_of(deadline, struct websocket_connection, patience);
    struct websocket_server *server = arg;

    if (eio_websocket_is_admitted(&connection->engine) &&
        connection->held >= connection->held_then + MESSAGE_STEP) {
        wait_for_rest(connection);
        return;
    }
    metric_add(&server->metrics->messages_late, 1);
    end(connection, WS_CLOSE_POLICY);
}

// After a read. What is whole holds nothing; what is not is held, and waited for.
static void look_after_message(struct websocket_connection *connection)
{
    bool waits = ws_receiver_is_waiting(&connection->receiver);

    if (!waits && connection->held == 0 && !deadline_is_armed(&connection->patience))
        return;
    if (!settle_held(connection))
        end(connection, WS_CLOSE_TRY_LATER);
    else if (!waits)
        deadline_cancel(&connection->patience);
    else if (!deadline_is_armed(&connection->patience))
        wait_for_rest(connection);
}

static void on_receive(struct websocket_connection *connection, struct ws_input input)
{
    struct ws_received received;
    enum ws_event event;

    do { // what comes behind a close is not looked at
        if (connection->close_code)
            return;
        size_t max = eio_websocket_max_message(&connection->engine);
        event = ws_receiver_next(&connection->receiver, max, connection->server->inflater, &input,
                                 &received);
        on_event(connection, event, &received);
    } while (event != WS_EVENT_NONE);
    look_after_message(connection);
    send_pong(connection);
}

static void on_writable(struct websocket_connection *connection)
{
    connection->wants_writable = false;
    connection->full = false;
    if (connection->close_code) {
        say_goodbye(connection);
        return;
    }
    send_own(connection);
    send_pong(connection);
    eio_websocket_on_writable(&connection->engine);
}

// ---- the handshake

// RFC 6455, 4.2.2: the key's answer.
static void append_accept(struct buffer *out, struct span key)
{
    struct buffer text = {0};
    unsigned char digest[DIGEST_LEN];

    buffer_append(&text, key);
    buffer_append(&text, SPAN_LIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    lws_SHA1((const unsigned char *)text.ptr, text.len, digest);
    base64_append(out, (struct span){(char *)digest, sizeof(digest)});
    buffer_fini(&text);
}

static bool agree_on_compression(const struct websocket_server *server, struct buffer *out)
{
    const struct eio_compression *compression = eio_server_compression(server->admission->server);
    struct span offers = http_request_header(server->request, "Sec-WebSocket-Extensions");
    struct buffer answer = {0};
    bool agreed =
        compression->enabled && ws_deflate_accept(offers, compression->window_bits, &answer);

    if (agreed)
        buffer_printf(out, "Sec-WebSocket-Extensions: %s\r\n", answer.ptr);
    buffer_fini(&answer);
    return agreed;
}

static void answer_handshake(struct websocket_server *server,
                             struct websocket_connection *connection)
{
    struct buffer *reply = &connection->own;
    struct span subprotocol = http_first_subprotocol(server->request);

    buffer_append(reply, SPAN_LIT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Accept: "));
    append_accept(reply, server->key);
    buffer_append(reply, SPAN_LIT("\r\n"));
    if (subprotocol.len > 0)
        buffer_printf(reply, "Sec-WebSocket-Protocol: " SPAN_FMT "\r\n", SPAN_ARG(subprotocol));
    connection->receiver.compression = agree_on_compression(server, reply);
    buffer_append(reply, SPAN_LIT("\r\n"));
}

// The reply waits for the first frames of the session, which follow in this turn of the loop,
// unless it is wanted at once; a WebSocket that is to take a session over has nothing to say yet.
static void on_adopted(struct websocket_server *server, struct websocket_connection *connection,
                       struct lws *wsi)
{
    connection->wsi = wsi;
    connection->server = server;
    connection->counted = server->counted;
    deadline_init(&connection->patience);
    metric_add(&server->metrics->websockets, 1);
    answer_handshake(server, connection);
    connection->greets = true;
    connection->open = eio_websocket_open(&connection->engine, &operations, server->admission,
                                          server->request, connection->receiver.compression);
    if (!connection->open)
        close_connection(connection, WS_CLOSE_NORMAL);
    else if (connection->engine.probing || server->answers_at_once)
        send_greeting(connection);
}

static void on_closed(struct websocket_connection *connection)
{
    if (!connection->server)
        return; // never adopted
    leave_engine(connection);
    eio_websocket_fini(&connection->engine);
    deadline_cancel(&connection->patience);
    forget_message(connection);
    buffer_fini(&connection->own);
    buffer_fini(&connection->pong);
    metric_sub(&connection->server->metrics->websockets, 1);
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
        on_adopted(server, connection, wsi);
        return 0;
    case LWS_CALLBACK_RAW_RX:
        on_receive(connection, (struct ws_input){in, len});
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        on_writable(connection);
        return 0;
    case LWS_CALLBACK_RAW_CLOSE:
        on_closed(connection);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        server->on_gone(connection && connection->server ? connection->counted : server->counted,
                        server->arg);
        return 0;
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
    case LWS_CALLBACK_HTTP: // HTTP is never served here
        return -1;
    default:
        return 0;
    }
}

// The library makes a table of as many descriptors as the process may open, and looks through all
// of it for every connection that comes and goes. So it is made to see a limit that fits.
static struct lws_context *create_context(const struct lws_context_creation_info *info,
                                          uint32_t max_connections)
{
    struct rlimit limit, lowered;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return NULL;
    lowered = limit;
    if (lowered.rlim_cur > max_connections + OTHER_DESCRIPTORS)
        lowered.rlim_cur = max_connections + OTHER_DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &lowered);
    struct lws_context *context = lws_create_context(info);
    setrlimit(RLIMIT_NOFILE, &limit);
    return context;
}

static void on_library_log(int level, const char *line)
{
    size_t len = strcspn(line, "\n");

    if (level & LLL_ERR)
        log_debug("libwebsockets: %.*s", (int)len, line);
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
    static const lws_retry_bo_t no_keepalive = {0}; // its timers are a sorted list: O(n) each
    struct websocket_server *server = mem_zalloc(sizeof(*server));
    void *loops[] = {&loop->uv};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .foreign_loops = loops,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .retry_and_idle_policy = &no_keepalive,
        .protocols = protocols,
        .user = server,
        .vhost_name = "clients",
        .gid = -1,
        .uid = -1,
    };

    server->metrics = metrics;
    server->on_gone = on_gone;
    server->arg = arg;
    lws_set_log_level(LLL_ERR, on_library_log);
    server->answers_at_once = options->answers_upgrades_at_once;
    server->context = create_context(&info, options->max_connections);
    server->vhost = server->context ? lws_create_vhost(server->context, &info) : NULL;
    if (!server->vhost) {
        log_error("libwebsockets cannot start; is libwebsockets-evlib-uv installed?");
        if (server->context)
            lws_context_destroy(server->context);
        free(server);
        return NULL;
    }
    server->inflater = ws_inflater_new();
    deadline_queue_init(&server->close_due, &loop->deadlines, CLOSE_GRACE_MS, on_close_late,
                        server);
    deadline_queue_init(&server->message_due, &loop->deadlines, MESSAGE_MS, on_message_late,
                        server);
    return server;
}

void websocket_server_adopt(struct websocket_server *server, int fd, struct key_count *counted,
                            struct span key, const struct eio_admission *admission,
                            const struct http_request *request)
{
    lws_sock_file_fd_type descriptor = {.sockfd = fd};

    server->admission = admission;
    server->request = request;
    server->key = key;
    server->counted = counted;
    if (!lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_SOCKET, descriptor, PROTOCOL, NULL))
        log_debug("a connection was not adopted");
    server->admission = NULL;
    server->request = NULL;
    server->counted = NULL;
}

void websocket_server_close(struct websocket_server *server)
{
    deadline_queue_fini(&server->close_due);
    deadline_queue_fini(&server->message_due);
    lws_context_destroy(server->context);
}

void websocket_server_free(struct websocket_server *server)
{
    if (!server)
        return;
    lws_context_destroy(server->context); // on a foreign loop the second call completes the first
    ws_inflater_free(server->inflater);
    free(server);
}
