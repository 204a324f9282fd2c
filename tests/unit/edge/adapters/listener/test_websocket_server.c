// Adopting connections: each adopted one is told to be gone exactly once, and its descriptor is
// closed, also when libwebsockets fails. What a connection costs does not grow with the number that
// may be open.
#include "edge/adapters/listener/websocket_server.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "edge/engineio/server.h"
#include "tests/unit/unit.h"

#define MAX_CONNECTIONS 5000
#define HIGH_FD         4200 // above the first table that the library makes for so many connections
#define TOO_HIGH_FD     6000 // above the last one
#define KEY             "dGhlIHNhbXBsZSBub25jZQ=="
#define ADOPTED         3
#define MANY            300 // come and go together

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
    {"a descriptor beyond the first table", NULL, HIGH_FD, true},
    {"a descriptor beyond every table", NULL, TOO_HIGH_FD, false},
};

// A count of connections of an address, of which only the place matters here.
static char counts[MANY];
static int gone[MANY];
static const char *no_memory;
static rlim_t files_max; // the limit of open files that the edge and the library see

// The functions of libc are replaced under both of their names.
int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    int rc = prlimit(0, resource, NULL, limit);

    if (resource == RLIMIT_NOFILE)
        limit->rlim_cur = files_max;
    return rc;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    if (resource != RLIMIT_NOFILE)
        return prlimit(0, resource, limit, NULL);
    files_max = limit->rlim_cur;
    return 0;
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
    return getrlimit(resource, (struct rlimit *)limit);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    return setrlimit(resource, (const struct rlimit *)limit);
}

long sysconf(int name)
{
    extern long __sysconf(int name); // the same in glibc

    return name == _SC_OPEN_MAX ? (long)files_max : __sysconf(name);
}

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

struct stage {
    struct event_loop loop;
    struct listener_metrics metrics;
    struct eio_metrics engine_metrics;
    struct eio_server *engine;
    struct websocket_server *server;
    rlim_t files_max;
};

static void begin(struct stage *stage, uint32_t max_connections)
{
    static const struct eio_options options = {.ping_interval_ms = 300,
                                               .ping_timeout_ms = 200,
                                               .max_payload = 1000,
                                               .max_outbox_bytes = 100000};
    const struct listener_options listener = {.max_connections = max_connections};

    memset(gone, 0, sizeof(gone));
    files_max = stage->files_max = max_connections + 1000;
    event_loop_init(&stage->loop);
    stage->engine =
        eio_server_new(&options, &handlers, &stage->loop.deadlines, &stage->engine_metrics);
    stage->server = websocket_server_new(&listener, &stage->loop, &stage->metrics, on_gone, NULL);
    assert_non_null(stage->server);
}

static void run(struct stage *stage)
{
    for (int turn = 0; turn < 20; turn++) {
        uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
        eio_server_flush(stage->engine);
    }
    assert_int_equal(metric_get(&stage->metrics.websockets), 0);
}

static void end(struct stage *stage)
{
    websocket_server_close(stage->server);
    event_loop_stop(&stage->loop);
    event_loop_run(&stage->loop);
    websocket_server_free(stage->server);
    event_loop_run(&stage->loop);
    eio_server_free(stage->engine);
    event_loop_fini(&stage->loop);
    assert_int_equal(files_max, stage->files_max);
}

static void tells_when_it_is_gone(void **state)
{
    const struct row *row = *state;
    struct stage stage = {0};
    int fds[ADOPTED];

    begin(&stage, MAX_CONNECTIONS);
    for (int i = 0; i < ADOPTED; i++)
        fds[i] = adopt(stage.server, stage.engine, i, row);
    assert_int_equal(metric_get(&stage.metrics.websockets), row->opens ? ADOPTED : 0);
    run(&stage);
    for (int i = 0; i < ADOPTED; i++) {
        assert_int_equal(gone[i], 1);
        assert_int_equal(fcntl(fds[i], F_GETFD), -1);
    }
    end(&stage);
}

static uint64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// CPU time of connections that come and go, where so many may be open.
static uint64_t cost_of_connections(uint32_t max_connections)
{
    static const struct row row = {.least_fd = 3};
    struct stage stage = {0};

    begin(&stage, max_connections);
    uint64_t from = cpu_us();
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < MANY; i++)
            adopt(stage.server, stage.engine, i, &row);
        run(&stage);
    }
    uint64_t cost = cpu_us() - from;
    end(&stage);
    return cost;
}

// Of several turns the cheapest counts, so that a busy machine does not.
static void costs_the_same_at_any_limit(void **state)
{
    uint64_t few = UINT64_MAX, many = UINT64_MAX, cost;

    (void)state;
    for (int turn = 0; turn < 6; turn++) {
        if ((cost = cost_of_connections(10000)) < few)
            few = cost;
        if ((cost = cost_of_connections(1000000)) < many)
            many = cost;
    }
    print_message("%d connections: %" PRIu64 " us, and %" PRIu64 " us with the higher limit\n",
                  5 * MANY, few, many);
    assert_true(many * 10 <= few * 13);
}

static void allow_high_descriptors(void)
{
    struct rlimit limit;

    assert_int_equal(prlimit(0, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(prlimit(0, RLIMIT_NOFILE, &limit, NULL), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    allow_high_descriptors();
    lws_set_allocator(allocate);
    ADD_ROWS(tests, count, rows, tells_when_it_is_gone);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(costs_the_same_at_any_limit);
    return cmocka_run_group_tests_name("WebSocket server", tests, NULL, NULL);
}
