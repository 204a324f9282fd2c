#include "relay/rabbitmq/incoming_internal.h"

#include <fcntl.h>
#include <rabbitmq-c/tcp_socket.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/unit.h"

#define PART       60000 // bytes of a body in one frame
#define MAX_BODY   (2 * PART)
#define DELIVERY   60, 60
#define CONSUME_OK 60, 21

// The clock of this test: time passes when somebody looks.
static uint64_t now_ms, step_ms;

uint64_t clock_monotonic_ms(void)
{
    now_ms += step_ms;
    return now_ms;
}

// ---- the broker --------------------------------------------------------------------------------

static void append_number(struct buffer *out, size_t width, uint64_t n)
{
    for (size_t i = width; i > 0; i--)
        buffer_append_char(out, (char)(n >> (8 * (i - 1)) & 0xff));
}

static void append_frame(struct buffer *out, unsigned type, struct span payload)
{
    append_number(out, 1, type);
    append_number(out, 2, CHANNEL);
    append_number(out, 4, payload.len);
    buffer_append(out, payload);
    append_number(out, 1, AMQP_FRAME_END);
}

static void append_method(struct buffer *out, unsigned class_id, unsigned id, struct span arguments)
{
    struct buffer payload = {0};

    append_number(&payload, 2, class_id);
    append_number(&payload, 2, id);
    buffer_append(&payload, arguments);
    append_frame(out, AMQP_FRAME_METHOD, buffer_span(&payload));
    buffer_fini(&payload);
}

static void append_delivery(struct buffer *out, size_t size)
{
    // Consumer "c", delivery tag 1, not redelivered, exchange "e", routing key "k".
    static const struct span arguments = SPAN_INIT("\1c\0\0\0\0\0\0\0\1\0\1e\1k");
    static char body[PART];
    struct buffer header = {0};

    append_method(out, DELIVERY, arguments);
    append_number(&header, 4, (uint64_t)60 << 16);
    append_number(&header, 8, size);
    append_number(&header, 2, 0); // no properties
    append_frame(out, AMQP_FRAME_HEADER, buffer_span(&header));
    for (size_t left = size, part; left > 0; left -= part) {
        part = left < PART ? left : PART;
        append_frame(out, AMQP_FRAME_BODY, (struct span){body, part});
    }
    buffer_fini(&header);
}

// ---- the tests ---------------------------------------------------------------------------------

struct row {
    const char *name;
    size_t deliveries, size; // that come first, and the size of each body
    bool answers;
    uint64_t step_ms;
    size_t max_backlog;
    enum rabbit_status status;
    const char *reason;
};

static const struct row rows[] = {
    {"the answer alone", 0, 0, true, 1, 1000, RABBIT_OK, ""},
    {"deliveries and the answer", 20, 10, true, 1, 1000, RABBIT_OK, ""},
    {"as much as may be held", 10, 98, true, 1, 1000, RABBIT_OK, ""},
    {"more than may be held", 10, 99, true, 1, 1000, RABBIT_TOO_MUCH, ""},
    {"the answer comes just in time", 1, 0, true, 2400, 1000, RABBIT_OK, ""},
    {"large events fill the time", 100, MAX_BODY, false, 200, SIZE_MAX, RABBIT_TOO_MUCH, ""},
    {"too large events fill the time", 100, MAX_BODY + 1, false, 200, SIZE_MAX, RABBIT_TOO_MUCH,
     ""},
    {"one large event fills the time", 1, 100 * PART, false, 200, SIZE_MAX, RABBIT_TOO_MUCH, ""},
    {"a broker that is slow with small events", 100, 10, false, 200, SIZE_MAX, RABBIT_LOST,
     "request timed out"},
    {"the broker goes away", 1, 10, false, 1, SIZE_MAX, RABBIT_LOST,
     "connection closed unexpectedly"},
};

// Sends it all from a process of its own, since a socket has little room.
static pid_t serve(const int fds[2], const struct row *row)
{
    struct buffer out = {0};
    pid_t child = fork();

    if (child != 0)
        return child;
    close(fds[0]);
    for (size_t i = 0; i < row->deliveries; i++)
        append_delivery(&out, row->size);
    if (row->answers)
        append_method(&out, CONSUME_OK, SPAN_LIT("\1c"));
    for (struct span rest = buffer_span(&out); rest.len > 0;) {
        ssize_t n = send(fds[1], rest.ptr, rest.len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        rest = span_skip(rest, (size_t)n);
    }
    _exit(0);
}

static void begin(struct rabbit *rabbit, int socket)
{
    *rabbit = (struct rabbit){.usable = true, .max_body = MAX_BODY};
    list_init(&rabbit->backlog);
    rabbit->link = amqp_new_connection();
    amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(rabbit->link), socket);
}

static void waits_for_an_answer(void **state)
{
    const struct row *row = *state;
    struct rabbit rabbit;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    pid_t broker = serve(fds, row);
    close(fds[1]);
    begin(&rabbit, fds[0]);
    now_ms = 0;
    step_ms = row->step_ms;

    assert_int_equal(rabbit_await(&rabbit, AMQP_BASIC_CONSUME_OK_METHOD, true, row->max_backlog),
                     row->status);
    assert_string_equal(rabbit.reason, row->reason);
    assert_int_equal(rabbit.usable, row->status != RABBIT_LOST);

    amqp_destroy_connection(rabbit.link);
    rabbit_drop_incoming(&rabbit);
    waitpid(broker, NULL, 0);
}

struct read_row {
    const char *name;
    uint32_t wait_ms;
    bool reads_wait;
};

static const struct read_row read_rows[] = {
    {"without a wait", 0, false},
    {"a wait shorter than that of a read", 39, false},
    {"a wait as long as that of a read", 40, true},
    {"a long wait", 1000, true},
};

static void assert_reads_wait(int socket, bool expected)
{
    assert_int_equal((fcntl(socket, F_GETFL) & O_NONBLOCK) == 0, expected);
}

// A connection without scripted time, whose other end is fds[1].
static void begin_on_pair(struct rabbit *rabbit, int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    begin(rabbit, fds[0]);
    step_ms = 0;
}

static void push_delivery(int socket)
{
    struct buffer out = {0};

    append_delivery(&out, 10);
    assert_int_equal(send(socket, out.ptr, out.len, 0), out.len);
    buffer_fini(&out);
}

// After a read that waits, one that must not does not: what comes in may be half of an event, for
// which those that were taken before it would wait.
static void lets_reads_wait_only_for_the_next_event(void **state)
{
    const struct read_row *row = *state;
    struct rabbit_message message;
    struct rabbit rabbit;
    int fds[2];

    begin_on_pair(&rabbit, fds);
    push_delivery(fds[1]);
    assert_int_equal(rabbit_next(&rabbit, row->wait_ms, &message), RABBIT_DELIVERY);
    assert_reads_wait(fds[0], row->reads_wait);
    push_delivery(fds[1]);
    assert_int_equal(rabbit_next(&rabbit, 0, &message), RABBIT_DELIVERY);
    assert_reads_wait(fds[0], false);
    assert_int_equal(rabbit_next(&rabbit, row->wait_ms / 20, &message), RABBIT_NOTHING);
    assert_int_equal(rabbit_next(&rabbit, row->wait_ms / 20 + 40, &message), RABBIT_NOTHING);
    assert_reads_wait(fds[0], true);
    close(fds[1]);
    assert_int_equal(rabbit_await(&rabbit, AMQP_BASIC_CONSUME_OK_METHOD, true, 0), RABBIT_LOST);
    assert_reads_wait(fds[0], false);
    amqp_destroy_connection(rabbit.link);
    rabbit_drop_incoming(&rabbit);
}

struct wait_row {
    const char *name;
    uint32_t wait_ms;
};

static const struct wait_row wait_rows[] = {
    {"a wait of 1 ms is not shorter", 1},
    {"a wait of 2 ms is not shorter", 2},
    {"a wait for a read is not shorter", 40},
};

static uint64_t real_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void waits_as_long_as_told(void **state)
{
    const struct wait_row *row = *state;
    struct rabbit_message message;
    struct rabbit rabbit;
    int fds[2];

    begin_on_pair(&rabbit, fds);
    uint64_t begun_us = real_us();
    assert_int_equal(rabbit_next(&rabbit, row->wait_ms, &message), RABBIT_NOTHING);
    assert_true(real_us() - begun_us >= row->wait_ms * 1000);
    amqp_destroy_connection(rabbit.link);
    rabbit_drop_incoming(&rabbit);
    close(fds[1]);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(read_rows) + ARRAY_LEN(wait_rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, waits_for_an_answer);
    ADD_ROWS(tests, count, read_rows, lets_reads_wait_only_for_the_next_event);
    ADD_ROWS(tests, count, wait_rows, waits_as_long_as_told);
    return cmocka_run_group_tests_name("RabbitMQ incoming", tests, NULL, NULL);
}
