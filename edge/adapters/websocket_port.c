#define LOG_MODULE "websocket"

#include "edge/adapters/websocket_port.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/http/head.h"

#define CLOSE_TOO_BIG        1009 // RFC 6455, 7.4.1
#define CLOSE_GRACE_MS       5000 // for a backlog to drain before a close
#define RECEIVE_BUFFER       512  // of each connection; larger messages come in pieces
#define WRITE_MAX            (4 << 20)
#define SERVICE_BUFFER       65536
#define OTHER_DESCRIPTORS    512 // of the process: listeners, brokers, files, pipes
#define HEAD_FOR_LIBRARY_MAX 256

struct websocket_port {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct client_port_metrics *metrics;
    void (*on_gone)(void *arg);
    void *arg;
    struct deadline_queue close_due;
    // The handshake that websocket_port_adopt() is doing right now.
    struct eio_server *engine;
    const struct http_request *request;
};

// libwebsockets allocates one for each connection and zeroes it.
struct connection {
    struct eio_websocket engine;
    struct lws *wsi;
    struct websocket_port *port;
    struct buffer message; // the pieces of one that came so far
    struct deadline closing;
    unsigned close_code;
    bool said_goodbye; // the close frame was written
    bool open;         // the engine knows it
    bool wants_writable;
};

static struct connection *connection_of(struct eio_websocket *websocket)
{
    return container_of(websocket, struct connection, engine);
}

// The library notices the end of the stream in its own time and closes then.
static void abort_connection(struct connection *connection)
{
    shutdown(lws_get_socket_fd(connection->wsi), SHUT_RDWR);
}

static bool can_write(struct eio_websocket *websocket)
{
    struct connection *connection = connection_of(websocket);

    return !connection->close_code && !lws_partial_buffered(connection->wsi);
}

// The frames are complete, so they go out as they are. The return value is no count (the library
// buffers what the socket does not take); only failure means something.
static void write_frames(struct eio_websocket *websocket, struct span frames)
{
    struct connection *connection = connection_of(websocket);

    if (lws_write(connection->wsi, (unsigned char *)(uintptr_t)frames.ptr, frames.len,
                  LWS_WRITE_RAW) < 0)
        abort_connection(connection);
}

static void want_writable(struct eio_websocket *websocket)
{
    struct connection *connection = connection_of(websocket);

    if (connection->wants_writable)
        return;
    connection->wants_writable = true;
    lws_callback_on_writable(connection->wsi);
}

// A close frame may only follow what was written before: the writable callback sends it.
static void close_websocket(struct eio_websocket *websocket, unsigned code)
{
    struct connection *connection = connection_of(websocket);

    if (code == 0) {
        abort_connection(connection);
        return;
    }
    connection->close_code = code;
    deadline_arm(&connection->closing, &connection->port->close_due);
    lws_callback_on_writable(connection->wsi);
}

static const struct eio_websocket_ops operations = {
    .can_write = can_write,
    .write = write_frames,
    .want_writable = want_writable,
    .close = close_websocket,
};

static void on_close_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    abort_connection(container_of(deadline, struct connection, closing));
}

// The session is over at once, whether or not the client takes notice. Were it left to the library
// to close, the session could still write behind the library's close frame.
static void refuse_message(struct connection *connection, unsigned code)
{
    connection->open = false;
    eio_websocket_on_closed(&connection->engine);
    buffer_fini(&connection->message);
    close_websocket(&connection->engine, code);
}

static int on_established(struct websocket_port *port, struct connection *connection,
                          struct lws *wsi)
{
    connection->wsi = wsi;
    connection->port = port;
    deadline_init(&connection->closing);
    if (!port->engine)
        return -1; // the handshake was not finished while it was being adopted
    connection->open =
        eio_websocket_open(&connection->engine, port->engine, &operations, port->request);
    port->engine = NULL;
    metric_add(&port->metrics->websockets, 1);
    return connection->open ? 0 : -1;
}

static void deliver(struct connection *connection, struct span message)
{
    enum frame_kind kind = lws_frame_is_binary(connection->wsi) ? FRAME_BINARY : FRAME_TEXT;

    eio_websocket_on_message(&connection->engine, kind, message);
}

static int on_receive(struct connection *connection, struct span piece)
{
    size_t remaining = lws_remaining_packet_payload(connection->wsi);
    bool whole = remaining == 0 && lws_is_final_fragment(connection->wsi);
    size_t max = eio_server_max_payload(connection->engine.server);

    if (connection->close_code)
        return 0;
    if (connection->message.len + piece.len + remaining > max) {
        refuse_message(connection, CLOSE_TOO_BIG);
        return 0;
    }
    if (whole && connection->message.len == 0) {
        deliver(connection, piece);
        return 0;
    }
    buffer_append(&connection->message, piece);
    if (whole) {
        deliver(connection, buffer_span(&connection->message));
        buffer_fini(&connection->message);
    }
    return 0;
}

// On libuv the library (4.1, as Debian builds it) cuts a connection off that a writable callback
// asks it to close. So the close frame is written here, and when it is on its way our side of the
// stream ends; the client's answer or the deadline brings the rest.
static void say_goodbye(struct connection *connection)
{
    unsigned code = connection->close_code;
    unsigned char frame[] = {0x88, 2, (unsigned char)(code >> 8), (unsigned char)code};

    if (connection->said_goodbye) {
        shutdown(lws_get_socket_fd(connection->wsi), SHUT_WR);
        return;
    }
    connection->said_goodbye = true;
    if (lws_write(connection->wsi, frame, sizeof(frame), LWS_WRITE_RAW) < 0)
        abort_connection(connection);
    else
        lws_callback_on_writable(connection->wsi);
}

static int on_writable(struct connection *connection)
{
    connection->wants_writable = false;
    if (connection->close_code) {
        say_goodbye(connection);
        return 0;
    }
    eio_websocket_on_writable(&connection->engine);
    return 0;
}

static void on_closed(struct connection *connection)
{
    if (!connection->port)
        return; // never established
    if (connection->open)
        eio_websocket_on_closed(&connection->engine);
    connection->open = false;
    deadline_cancel(&connection->closing);
    buffer_fini(&connection->message);
    metric_sub(&connection->port->metrics->websockets, 1);
}

static int add_headers(struct websocket_port *port, struct lws *wsi,
                       struct lws_process_html_args *reply)
{
    struct span name = port->request ? http_first_subprotocol(port->request) : (struct span){0};
    unsigned char *at = (unsigned char *)reply->p;

    if (name.len == 0)
        return 0;
    if (lws_add_http_header_by_name(
            wsi, (const unsigned char *)"sec-websocket-protocol:", (const unsigned char *)name.ptr,
            (int)name.len, &at, at + reply->max_len))
        return -1;
    reply->p = (char *)at;
    return 0;
}

static int on_library_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t len)
{
    struct connection *connection = user;
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    struct websocket_port *port = vhost ? lws_vhost_user(vhost) : NULL;

    if (!port)
        return 0; // about the library itself
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(port, connection, wsi);
    case LWS_CALLBACK_RECEIVE:
        return on_receive(connection, (struct span){in, len});
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(connection);
    case LWS_CALLBACK_CLOSED:
        on_closed(connection);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        port->on_gone(port->arg);
        return 0;
    case LWS_CALLBACK_ADD_HEADERS:
        return add_headers(port, wsi, in);
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
    case LWS_CALLBACK_HTTP: // plain HTTP is never served here
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

struct websocket_port *websocket_port_new(struct event_loop *loop, uint32_t max_connections,
                                          struct client_port_metrics *metrics,
                                          void (*on_gone)(void *arg), void *arg)
{
    static const struct lws_protocols protocols[] = {
        {
            .name = "engine.io",
            .callback = on_library_event,
            .per_session_data_size = sizeof(struct connection),
            .rx_buffer_size = RECEIVE_BUFFER,
            .tx_packet_size = WRITE_MAX,
        },
        {0},
    };
    static const lws_retry_bo_t no_keepalive = {0}; // its timers are a sorted list: O(n) each
    struct websocket_port *port = mem_zalloc(sizeof(*port));
    void *loops[] = {&loop->uv};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_DISABLE_IPV6,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .foreign_loops = loops,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .retry_and_idle_policy = &no_keepalive,
        .protocols = protocols,
        .user = port,
        .vhost_name = "clients",
        .gid = -1,
        .uid = -1,
    };

    port->metrics = metrics;
    port->on_gone = on_gone;
    port->arg = arg;
    lws_set_log_level(LLL_ERR, on_library_log);
    port->context = create_context(&info, max_connections);
    port->vhost = port->context ? lws_create_vhost(port->context, &info) : NULL;
    if (!port->vhost) {
        log_error("libwebsockets cannot start; is libwebsockets-evlib-uv installed?");
        if (port->context)
            lws_context_destroy(port->context);
        free(port);
        return NULL;
    }
    deadline_queue_init(&port->close_due, &loop->deadlines, CLOSE_GRACE_MS, on_close_late, port);
    return port;
}

void websocket_port_adopt(struct websocket_port *port, int fd, struct span key,
                          struct eio_server *engine, const struct http_request *request)
{
    char head[HEAD_FOR_LIBRARY_MAX];
    int len = snprintf(head, sizeof(head),
                       "GET / HTTP/1.1\r\nHost: edge\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: " SPAN_FMT "\r\n\r\n",
                       SPAN_ARG(key));

    port->engine = engine;
    port->request = request;
    if (!lws_adopt_socket_vhost_readbuf(port->vhost, fd, head, (size_t)len))
        log_debug("handshake was not finished");
    port->engine = NULL;
    port->request = NULL;
}

void websocket_port_close(struct websocket_port *port)
{
    deadline_queue_fini(&port->close_due);
    lws_context_destroy(port->context);
}

void websocket_port_free(struct websocket_port *port)
{
    if (!port)
        return;
    lws_context_destroy(port->context); // on a foreign loop the second call completes the first
    free(port);
}
