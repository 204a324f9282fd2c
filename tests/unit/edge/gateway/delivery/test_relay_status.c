// When the relay counts as heard: over every part of the bus, and when its word about RabbitMQ
// does: over any of them.
#include "edge/gateway/delivery/relay_status.h"

#include "tests/unit/unit.h"

#define PARTS 2
#define NOW   10000
#define LATE  (NOW - HEARTBEAT_ABSENT_MS)

struct row {
    const char *name;
    uint64_t at_ms[PARTS]; // of the last heartbeat; 0: none
    unsigned parts;
    bool fresh, bus_connected;
};

static const struct row rows[] = {
    {"none yet", {0}, 1, false, false},
    {"one part, just now", {NOW}, 1, true, true},
    {"one part, at the last moment", {LATE + 1}, 1, true, true},
    {"one part, too long ago", {LATE}, 1, false, false},
    {"two parts, both just now", {NOW, NOW}, 2, true, true},
    {"two parts, the second never", {NOW, 0}, 2, false, true},
    {"two parts, the first never", {0, NOW}, 2, false, true},
    {"two parts, the second too long ago", {NOW, LATE}, 2, false, true},
    {"two parts, the first too long ago", {LATE, NOW}, 2, false, true},
    {"two parts, both too long ago", {LATE, LATE}, 2, false, false},
};

static void tells_whether_the_relay_is_heard(void **state)
{
    const struct row *row = *state;
    struct delivery_metrics metrics = {0};
    struct relay_status status;

    relay_status_init(&status, "rabbitmq", 5672, &metrics);
    for (unsigned i = 0; i < row->parts; i++)
        if (row->at_ms[i] > 0)
            relay_status_on_heartbeat(&status, (struct bus_part){i, row->parts},
                                      &(struct heartbeat){.bus_connected = true}, row->at_ms[i]);
    assert_int_equal(relay_status_is_fresh(&metrics, NOW), row->fresh);
    assert_int_equal(relay_status_bus_connected(&status, NOW), row->bus_connected);
    relay_status_fini(&status);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, tells_whether_the_relay_is_heard);
    return cmocka_run_group_tests_name("relay_status", tests, NULL, NULL);
}
