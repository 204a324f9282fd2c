#include "edge/engineio/rate_limit.h"

#include "tests/unit/unit.h"

#define PAYLOAD 1000000

static const struct row {
    const char *name;
    uint32_t packets_per_second, bytes_per_second, max_message;
    struct rate_limits strangers;
} rows[] = {
    {"less than members", 1000, 1000000, PAYLOAD, {{100, 1000}, {65536, 262144}}},
    {"never more than members", 20, 50000, 20000, {{20, 200}, {50000, 50000}}},
    {"a burst of small messages", 20, 100, 1000, {{20, 200}, {100, 2000}}},
    {"members have no limit of bytes", 20, 0, PAYLOAD, {{20, 200}, {65536, 262144}}},
    {"members have no limit of packets", 0, 50000, 20000, {{100, 1000}, {50000, 50000}}},
    {"members have no limit", 0, 0, PAYLOAD, {{100, 1000}, {65536, 262144}}},
};

static void strangers_have_a_limit(void **state)
{
    const struct row *row = *state;
    struct rate_limits members =
        rate_limits_of(row->packets_per_second, row->bytes_per_second, row->max_message);
    struct rate_limits strangers = rate_limits_of_strangers(&members);

    assert_int_equal(members.packets.per_second, row->packets_per_second);
    assert_int_equal(members.bytes.per_second, row->bytes_per_second);
    assert_int_equal(strangers.packets.per_second, row->strangers.packets.per_second);
    assert_int_equal(strangers.packets.burst, row->strangers.packets.burst);
    assert_int_equal(strangers.bytes.per_second, row->strangers.bytes.per_second);
    assert_int_equal(strangers.bytes.burst, row->strangers.bytes.burst);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, strangers_have_a_limit);
    return cmocka_run_group_tests_name("rate limit", tests, NULL, NULL);
}
