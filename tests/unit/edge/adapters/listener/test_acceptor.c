// The acceptor's reserve of descriptors, when it cannot be had.
#include "edge/adapters/listener/acceptor.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/capture.h"

#define LOOKS_MS 1100 // more than between two checks of the reserve

// Take the place of the C library's open(), which the flags of libuv name open64(), and a checked
// build without a mode __open64_2(). The reserve is made of /dev/null.
static int null_error;

int open64(const char *path, int flags, ...);
int open64_checked(const char *path, int flags) __asm__("__open64_2");

static int open_unless_null(const char *path, int flags, unsigned mode)
{
    if (null_error != 0 && strcmp(path, "/dev/null") == 0) {
        errno = null_error;
        return -1;
    }
    return (int)syscall(SYS_openat, -100, path, flags, mode); // from the working directory
}

int open64(const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    unsigned mode = va_arg(rest, unsigned); // that only the creation of a file looks at
    va_end(rest);
    return open_unless_null(path, flags, mode);
}

int open64_checked(const char *path, int flags)
{
    return open_unless_null(path, flags, 0);
}

struct row {
    const char *name;
    int errors[6]; // of /dev/null at each check, up to -1
    size_t warnings;
    bool pauses; // at the end
};

static const struct row rows[] = {
    {"it can be had", {0, 0, -1}, 0, false},
    {"no such file", {ENOENT, -1}, 1, false},
    {"it is warned once", {ENOENT, ENOENT, EACCES, -1}, 1, false},
    {"and once more when it was had", {ENOENT, 0, ENOENT, ENOENT, -1}, 2, false},
    {"no descriptors are a pause", {EMFILE, EMFILE, -1}, 0, true},
    {"a pause, and then no such file", {EMFILE, ENOENT, -1}, 1, false},
};

static void on_arrival(const struct arrival *arrival, void *arg)
{
    (void)arrival, (void)arg;
}

static size_t make_room(size_t count, const struct key_count *address, void *arg)
{
    (void)count, (void)address, (void)arg;
    return 0;
}

static void warns_without_a_reserve(void **state)
{
    const struct row *row = *state;
    const struct listener_options options = {
        .host = "127.0.0.1", .head_timeout_ms = 1000, .max_connections = 10, .fd_reserve = 4};
    const struct acceptor_handlers handlers = {.on_arrival = on_arrival, .make_room = make_room};
    struct listener_metrics metrics = {0};
    struct connections connections;
    struct buffer console = {0};
    struct event_loop loop;

    event_loop_init(&loop);
    connections_init(&connections, &options, &metrics);
    struct capture capture = capture_start(STDERR_FILENO);
    struct acceptor *acceptor = acceptor_new(&options, &loop, &connections, &handlers);
    assert_non_null(acceptor);
    uint64_t now_ms = deadlines_now(&loop.deadlines);
    for (const int *error = row->errors; *error >= 0; error++) {
        null_error = *error;
        now_ms += LOOKS_MS;
        deadlines_run(&loop.deadlines, now_ms);
    }
    null_error = 0;
    capture_end(&capture, &console);
    assert_int_equal(capture_count(&console, "no descriptors are held in reserve"), row->warnings);
    assert_int_equal(metric_get(&metrics.accept_paused[ACCEPT_NO_FILES]), row->pauses);

    acceptor_close(acceptor);
    event_loop_stop(&loop);
    event_loop_run(&loop);
    connections_fini(&connections);
    event_loop_fini(&loop);
    buffer_fini(&console);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, warns_without_a_reserve);
    return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
