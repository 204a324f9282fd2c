#include "edge/engineio/peer_log.h"

#include <stdio.h>

#include "tests/unit/unit.h"

#define MINUTE_MS 60000

static struct peer_log lines;
static metric counted;
static uint64_t now_ms, left_out;

static void begin(void)
{
    metric_set(&counted, 0);
    peer_log_init(&lines, &counted);
    now_ms = 1000;
}

// How many of `count` lines are written.
static unsigned say(const char *address, unsigned count)
{
    unsigned written = 0;

    while (count-- > 0)
        written += peer_log_allows(&lines, span_of(address), now_ms, &left_out);
    return written;
}

static void one_address_has_a_few_and_then_one_a_minute(void **state)
{
    (void)state;
    begin();
    assert_int_equal(say("192.0.2.1", 1000), 10);
    assert_int_equal(metric_get(&counted), 990);
    now_ms += MINUTE_MS - 1;
    assert_int_equal(say("192.0.2.1", 1000), 0);
    now_ms += 1;
    assert_int_equal(say("192.0.2.1", 1), 1);
    assert_int_equal(left_out, 1990);
    assert_int_equal(say("192.0.2.1", 1000), 0);
    now_ms += 10 * MINUTE_MS;
    assert_int_equal(say("192.0.2.1", 1000), 10);
    assert_int_equal(metric_get(&counted), 1990 + 1000 + 990);
}

static void another_address_is_heard(void **state)
{
    (void)state;
    begin();
    assert_int_equal(say("192.0.2.1", 1000), 10);
    assert_int_equal(say("192.0.2.2", 1), 1);
    assert_int_equal(left_out, 990);
    assert_int_equal(say("2001:db8::1", 5) + say("2001:db8::2", 10), 10); // one /64
    assert_int_equal(say("no address", 5) + say("neither", 10), 10);
}

static void all_addresses_have_a_bound(void **state)
{
    char address[32];
    unsigned written = 0;

    (void)state;
    begin();
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(address, sizeof(address), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        written += say(address, 1);
    }
    assert_int_equal(written, 50);
    for (unsigned minute = 0; minute < 60; minute++) {
        now_ms += MINUTE_MS;
        for (unsigned i = 0; i < 100; i++) {
            snprintf(address, sizeof(address), "10.9.%u.%u", minute, i);
            written += say(address, 1);
        }
    }
    assert_int_equal(written, 50 + 60 * 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_has_a_few_and_then_one_a_minute),
        cmocka_unit_test(another_address_is_heard),
        cmocka_unit_test(all_addresses_have_a_bound),
    };

    return cmocka_run_group_tests_name("peer_log", tests, NULL, NULL);
}
