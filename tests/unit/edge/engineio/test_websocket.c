#include "edge/engineio/websocket.h"

#include "edge/engineio/server.h"
#include "edge/engineio/session.h"
#include "tests/unit/unit.h"
#include "tests/unit/websocket_open.h"

#define FRAMES    3
#define TEXT      "4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WIRE_SIZE (sizeof(TEXT) + 1) // with a header of two bytes
#define ALL       1000000

// A client whose socket takes so many bytes until it is drained.
struct socket {
    struct eio_websocket engine;
    size_t room, sent;
    bool full;
};

static bool can_write(struct eio_websocket *engine)
{
    return !container_of(engine, struct socket, engine)->full;
}

static size_t write_some(struct eio_websocket *engine, const struct span *pieces, uint32_t count)
{
    struct socket *socket = container_of(engine, struct socket, engine);
    size_t bytes = 0;

    for (uint32_t i = 0; i < count; i++)
        bytes += pieces[i].len;
    size_t taken = bytes < socket->room ? bytes : socket->room;
    socket->full = taken < bytes;
    socket->room -= taken;
    socket->sent += taken;
    return taken;
}

static void do_nothing(struct eio_websocket *engine)
{
    (void)engine;
}

static void do_not_close(struct eio_websocket *engine, unsigned code)
{
    (void)engine;
    (void)code;
}

static const struct eio_websocket_ops ops = {can_write, write_some, do_nothing, do_not_close};

static void on_open(struct eio_session *session, const struct http_request *request, void *arg)
{
    (void)request;
    *(struct eio_session **)arg = session;
}

static void on_close(struct eio_session *session, enum eio_close_reason reason, void *arg)
{
    (void)session;
    (void)reason;
    *(struct eio_session **)arg = NULL;
}

static struct span no_header(const struct http_request *request, const char *name)
{
    (void)request;
    (void)name;
    return (struct span){0};
}

struct row {
    const char *name;
    bool compresses;
    size_t rooms[3]; // what the socket takes before it is full: at first, then, and from then on
    uint64_t writes; // that took frames, or began one
};

static const struct row rows[] = {
    {"all at once", false, {ALL, ALL, ALL}, 1},
    {"nothing at first", false, {0, ALL, ALL}, 1},
    {"nothing twice", false, {0, 0, ALL}, 1},
    {"cut in a header", false, {1, ALL, ALL}, 2},
    {"cut in the second frame", false, {WIRE_SIZE + 5, ALL, ALL}, 2},
    {"cut in the last frame", false, {2 * WIRE_SIZE + 5, ALL, ALL}, 1},
    {"cut between two", false, {WIRE_SIZE, ALL, ALL}, 2},
    {"the rest is cut too", false, {5, 0, 7}, FRAMES},
    {"byte by byte", false, {1, 1, 1}, FRAMES},
    {"compressed, all at once", true, {ALL, ALL, ALL}, 1},
    {"compressed, nothing at first", true, {0, ALL, ALL}, 1},
    {"compressed, cut in the first frame", true, {5, ALL, ALL}, 2},
    {"compressed, byte by byte", true, {1, 1, 1}, FRAMES},
};

static void send_frames(struct eio_session *session)
{
    struct frame *frame = frame_new(FRAME_TEXT, SPAN_LIT(TEXT));

    for (int i = 0; i < FRAMES; i++)
        eio_session_send(session, frame);
    frame_unref(frame);
}

static void drain(struct socket *socket, struct eio_server *server, const size_t *rooms)
{
    for (size_t i = 0; i < FRAMES * WIRE_SIZE; i++) {
        socket->room = rooms[i < 2 ? i : 2];
        socket->full = false;
        eio_websocket_on_writable(&socket->engine);
        eio_server_flush(server);
    }
}

static void counts_what_it_sends(void **state)
{
    const struct row *row = *state;
    const struct eio_options options = {
        .ping_interval_ms = 300,
        .ping_timeout_ms = 200,
        .max_payload = 1000,
        .max_outbox_bytes = 100000,
        .compression = {.enabled = true, .threshold = 10, .window_bits = 15},
    };
    struct http_request request = {
        .method = HTTP_GET, .query = SPAN_LIT("EIO=4&transport=websocket"), .header = no_header};
    struct eio_session *session = NULL;
    struct eio_handlers handlers = {.on_open = on_open, .on_close = on_close, .arg = &session};
    struct socket socket = {.room = ALL};
    struct eio_metrics metrics = {0};
    struct deadlines clock;

    deadlines_init(&clock, 0);
    struct eio_server *server = eio_server_new(&options, &handlers, &clock, &metrics);
    assert_true(websocket_open(&socket.engine, server, &ops, &request, row->compresses));
    eio_server_flush(server);

    uint64_t writes = histogram_count(&metrics.frames_per_write);
    uint64_t frames = metric_get(&metrics.frames_per_write.sum);
    uint64_t bytes = metric_get(&metrics.bytes_out), saved = metric_get(&metrics.bytes_saved);
    socket.sent = 0;
    send_frames(session);
    drain(&socket, server, row->rooms);

    assert_int_equal(metric_get(&metrics.frames_per_write.sum) - frames, FRAMES);
    assert_int_equal(histogram_count(&metrics.frames_per_write) - writes, row->writes);
    assert_int_equal(metric_get(&metrics.bytes_out) - bytes, socket.sent);
    assert_int_equal(metric_get(&metrics.bytes_saved) - saved, FRAMES * WIRE_SIZE - socket.sent);
    assert_int_equal(socket.sent < FRAMES * WIRE_SIZE, row->compresses);

    eio_websocket_on_closed(&socket.engine);
    eio_websocket_fini(&socket.engine);
    eio_server_flush(server);
    assert_null(session);
    eio_server_free(server);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, counts_what_it_sends);
    return cmocka_run_group_tests_name("WebSocket", tests, NULL, NULL);
}
