// Adopting connections when libwebsockets fails: each adopted one is told to be gone exactly once,
// and its descriptor is closed.
#include "edge/adapters/listener/websocket_server.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/engineio/server.h"
#include "tests/unit/unit.h"

#define MAX_CONNECTIONS 4
#define HIGH_FD         700 // above the table that the library makes for so few connections
#define KEY             "dGhlIHNhbXBsZSBub25jZQ=="
#define ADOPTED         3

struct row {
    const char *name;
    // What the library has no memory for, in the words of each of its versions; may be NULL.
    const char *no_memory;
    int least_fd;
    bool opens;
};

static const struct row rows[] = {
    {"adopted", NULL, 3, true},
    {"no memory for the connection", "new server wsi, __lws_wsi_create_with_role", 3, false},
    {"no memory for its user space", "user space", 3, false},
    {"a descriptor beyond the table", NULL, HIGH_FD, false},
};

// A count of connections of an address, of which only the place matters here.
static char counts[ADOPTED];
static int gone[ADOPTED];
static const char *no_memory;

static void *allocate(void *ptr, size_t size, const char *reason)
{
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return no_memory && strstr(no_memory, reason) ? NULL : realloc(ptr, size);
}

static void on_gone(struct key_count *counted, void *arg)
{
    (void)arg;
    assert_non_null(counted);
    gone[(char *)counted - counts]++;
}

static void ignore_open(struct eio_session *session, const struct http_request *request, void *arg)
{
    (void)session, (void)request, (void)arg;
}

static void ignore_message(struct eio_session *session, enum frame_kind kind, struct span bytes,
                           void *arg)
{
    (void)session, (void)kind, (void)bytes, (void)arg;
}

static void ignore_close(struct eio_session *session, enum eio_close_reason reason, void *arg)
{
    (void)session, (void)reason, (void)arg;
}

static struct span no_header(const struct http_request *request, const char *name)
{
    (void)request, (void)name;
    return (struct span){0};
}

static const struct eio_handlers handlers = {
    .on_open = ignore_open, .on_message = ignore_message, .on_close = ignore_close};

// Returns the descriptor that was given away.
static int adopt(struct websocket_server *server, struct eio_server *engine, int i,
                 const struct row *row)
{
    const struct http_request request = {
        .method = HTTP_GET, .query = SPAN_LIT("EIO=4&transport=websocket"), .header = no_header};
    struct eio_admission admission;
    struct eio_refusal refusal;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    int fd = fcntl(fds[0], F_DUPFD_CLOEXEC, row->least_fd);
    assert_true(fd >= row->least_fd);
    close(fds[0]);
    assert_true(eio_admit_websocket(engine, &request, &admission, &refusal));
    no_memory = row->no_memory;
    websocket_server_adopt(server, fd, (struct key_count *)&counts[i], SPAN_LIT(KEY), &admission,
                           &request);
    no_memory = NULL;
    close(fds[1]); // the client hangs up
    return fd;
}

static void tells_when_it_is_gone(void **state)
{
    const struct row *row = *state;
    const struct eio_options options = {.ping_interval_ms = 300,
                                        .ping_timeout_ms = 200,
                                        .max_payload = 1000,
                                        .max_outbox_bytes = 100000};
    const struct listener_options listener = {.max_connections = MAX_CONNECTIONS};
    struct listener_metrics metrics = {0};
    struct eio_metrics engine_metrics = {0};
    struct event_loop loop;
    int fds[ADOPTED];

    memset(gone, 0, sizeof(gone));
    event_loop_init(&loop);
    struct eio_server *engine =
        eio_server_new(&options, &handlers, &loop.deadlines, &engine_metrics);
    struct websocket_server *server =
        websocket_server_new(&listener, &loop, &metrics, on_gone, NULL);
    assert_non_null(server);
    for (int i = 0; i < ADOPTED; i++)
        fds[i] = adopt(server, engine, i, row);
    assert_int_equal(metric_get(&metrics.websockets), row->opens ? ADOPTED : 0);
    for (int turn = 0; turn < 20; turn++) {
        uv_run(&loop.uv, UV_RUN_NOWAIT);
        eio_server_flush(engine);
    }
    for (int i = 0; i < ADOPTED; i++) {
        assert_int_equal(gone[i], 1);
        assert_int_equal(fcntl(fds[i], F_GETFD), -1);
    }
    assert_int_equal(metric_get(&metrics.websockets), 0);

    websocket_server_close(server);
    event_loop_stop(&loop);
    event_loop_run(&loop);
    websocket_server_free(server);
    event_loop_run(&loop);
    eio_server_free(engine);
    event_loop_fini(&loop);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    lws_set_allocator(allocate);
    ADD_ROWS(tests, count, rows, tells_when_it_is_gone);
    return cmocka_run_group_tests_name("WebSocket server", tests, NULL, NULL);
}
