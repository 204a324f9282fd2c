// A client that says anything: messages with 0x1e between them, binary ones behind '!', and '+' to
// let the loop turn. Nothing may be left of it in the end.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/log.h"
#include "edge/engineio/server.h"
#include "edge/engineio/websocket.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/server.h"
#include "edge/socketio/socket.h"
#include "tests/unit/websocket_open.h"

#define SEPARATOR 0x1e

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct deadlines now;
    struct sio_server *server;
    struct eio_websocket websocket;
    struct sio_metrics metrics;
    struct eio_metrics engine_metrics;
    struct sio_socket *held; // in the guard of /a
    int calls_due;           // on_disconnect and on_answer that have yet to come
};

static bool can_write(struct eio_websocket *websocket)
{
    (void)websocket;
    return true;
}

static size_t take_frames(struct eio_websocket *websocket, const struct span *pieces,
                          uint32_t count)
{
    size_t bytes = 0;

    (void)websocket;
    for (uint32_t i = 0; i < count; i++) {
        assert(pieces[i].len > 1);
        bytes += pieces[i].len;
    }
    return bytes;
}

static void want_writable(struct eio_websocket *websocket)
{
    (void)websocket;
}

static void close_websocket(struct eio_websocket *websocket, unsigned code)
{
    (void)websocket;
    (void)code;
}

static const struct eio_websocket_ops ops = {can_write, take_frames, want_writable,
                                             close_websocket};

static struct span no_header(const struct http_request *request, const char *name)
{
    (void)request;
    (void)name;
    return (struct span){0};
}

static void on_answer(struct sio_socket *socket, enum sio_ack_result result,
                      const struct sio_event *answer, void *arg)
{
    struct world *world = arg;

    (void)socket;
    assert((result == SIO_ACK_ANSWERED) == (answer != NULL));
    world->calls_due--;
}

static void on_connect(struct sio_socket *socket, struct span auth, void *arg)
{
    struct world *world = arg;

    if (auth.len > 2 && auth.ptr[2] == 'r') {
        sio_socket_refuse(socket, auth);
        return;
    }
    world->calls_due++;
    if (auth.len < 3 || auth.ptr[2] != 'w')
        sio_socket_accept(socket);
}

static void on_event(struct sio_socket *socket, const struct sio_event *event, void *arg)
{
    struct world *world = arg;

    sio_socket_ack_binary(socket, event->ack_id, event->args, event->attachments,
                          event->attachment_count);
    sio_socket_emit_binary(socket, event->name, event->args, event->attachments,
                           event->attachment_count);
    switch (event->name.len > 0 ? event->name.ptr[0] : '\0') {
    case 'j':
        (void)sio_socket_join(socket, event->args);
        break;
    case 'l':
        (void)sio_socket_leave(socket, event->args);
        break;
    case 'a':
        if (sio_socket_emit_with_ack(socket, event->name, event->args, on_answer, world))
            world->calls_due++;
        break;
    case 'd':
        sio_socket_disconnect(socket);
        break;
    case 'c':
        sio_socket_close_transport(socket, EIO_FORCED_CLOSE);
        break;
    default:
        break;
    }
}

static void on_disconnect(struct sio_socket *socket, const char *reason, void *arg)
{
    struct world *world = arg;

    assert(reason && !sio_socket_is_connected(socket));
    world->calls_due--;
}

// Of a socket that waits in the guard the data is the place that knows of it.
static void free_data(void *data)
{
    *(struct sio_socket **)data = NULL;
}

static void guard(struct sio_socket *socket, struct span auth, void *arg)
{
    struct world *world = arg;

    if (world->held || auth.len < 3 || auth.ptr[2] != 'h') {
        sio_socket_next(socket);
        return;
    }
    world->held = socket;
    sio_socket_set_data(socket, &world->held);
}

static void let_on(struct world *world)
{
    struct sio_socket *socket = world->held;

    if (!socket)
        return;
    world->held = NULL;
    sio_socket_set_data(socket, NULL);
    sio_socket_next(socket);
}

static void turn(struct world *world)
{
    let_on(world);
    deadlines_run(&world->now, world->now.now_ms + 1000);
    eio_server_flush(sio_server_engine(world->server));
}

static void say(struct world *world, struct span message)
{
    if (message.len > 0 && message.ptr[0] == '+')
        turn(world);
    else if (message.len > 0 && message.ptr[0] == '!')
        eio_websocket_on_message(&world->websocket, FRAME_BINARY, span_skip(message, 1));
    else
        eio_websocket_on_message(&world->websocket, FRAME_TEXT, message);
}

static void build(struct world *world)
{
    const struct sio_options options = {
        .engine = {.ping_interval_ms = 25000,
                   .ping_timeout_ms = 20000,
                   .upgrade_timeout_ms = 10000,
                   .max_payload = 1000,
                   .max_outbox_bytes = 4000,
                   .allow_eio3 = true},
        .connect_timeout_ms = 3000,
        .ack_timeout_ms = 2000,
        .max_rooms_per_socket = 3,
        .max_namespaces_per_client = 2,
    };
    const struct sio_handlers handlers = {on_connect, on_event, on_disconnect, free_data, world};

    deadlines_init(&world->now, 1);
    world->server =
        sio_server_new(&options, NULL, NULL, &world->now, &world->metrics, &world->engine_metrics);
    (void)sio_server_add_namespace(world->server, "/", &handlers);
    sio_namespace_use(sio_server_add_namespace(world->server, "/a", &handlers), guard, world);
    (void)sio_server_add_namespace(world->server, "/b", &handlers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size}, message;
    struct world world = {0};
    bool old = size > 0 && data[0] == '3';
    const struct http_request request = {
        .method = HTTP_GET,
        .header = no_header,
        .query =
            old ? SPAN_LIT("EIO=3&transport=websocket") : SPAN_LIT("EIO=4&transport=websocket"),
    };

    log_threshold = LOG_ERROR; // a line for each client that is closed would slow everything down
    build(&world);
    bool opened =
        websocket_open(&world.websocket, sio_server_engine(world.server), &ops, &request, false);
    assert(opened);
    while (span_take_until(&rest, SEPARATOR, &message))
        say(&world, message);
    eio_websocket_on_closed(&world.websocket);
    turn(&world);
    assert(world.calls_due == 0);
    assert(metric_get(&world.metrics.sockets) == 0);
    sio_server_free(world.server);
    return 0;
}
