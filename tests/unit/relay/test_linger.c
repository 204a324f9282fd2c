#include "relay/linger.h"

#include "common/clock.h"
#include "tests/unit/unit.h"

#define SECOND_MS 1000

static uint64_t cpu_us;

uint64_t clock_thread_cpu_us(void)
{
    return cpu_us;
}

struct linger_case {
    const char *name;
    uint32_t linger_ms;
    unsigned before, percent; // of its time that the relay is at work: first, and then
    uint32_t expected_ms;
};

static const struct linger_case linger_cases[] = {
    {"with little to do", 3, 0, 5, 0},
    {"just below half", 3, 0, 48, 0},
    {"at half", 3, 0, 50, 3},
    {"always at work", 3, 0, 100, 3},
    {"turned off", 0, 0, 100, 0},
    {"the delay saves some work", 3, 60, 30, 3},
    {"there is little to do any more", 3, 60, 20, 0},
};

// One second in turns of 1 ms.
static void work(struct linger *linger, uint64_t *now_ms, unsigned percent, size_t taken)
{
    for (uint64_t until_ms = *now_ms + SECOND_MS; *now_ms < until_ms; ++*now_ms) {
        linger_record(linger, *now_ms, taken);
        cpu_us += percent * 10;
    }
}

static void lingers_when_it_is_busy(void **state)
{
    const struct linger_case *c = *state;
    struct linger linger = {.max_ms = c->linger_ms};
    uint64_t now_ms = 1000000;

    work(&linger, &now_ms, c->before, 1);
    work(&linger, &now_ms, c->percent, 1);
    assert_int_equal(linger_wait_ms(&linger), c->expected_ms);
    assert_in_range(linger.busy, c->percent - 1, c->percent + 1);
}

static void first_event_after_a_pause_does_not_wait(void **state)
{
    struct linger linger = {.max_ms = 3};
    uint64_t now_ms = 5000;

    (void)state;
    assert_int_equal(linger_wait_ms(&linger), 0);
    work(&linger, &now_ms, 100, 1);
    assert_int_equal(linger_wait_ms(&linger), 3);
    linger_record(&linger, now_ms + 8000, 1);
    assert_int_equal(linger_wait_ms(&linger), 0);
}

static void measures_the_rate(void **state)
{
    struct linger linger = {.max_ms = 3};
    uint64_t now_ms = 5000;

    (void)state;
    work(&linger, &now_ms, 1, 2);
    assert_int_equal(linger.per_second, 2000);
    assert_int_equal(linger_wait_ms(&linger), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(linger_cases) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, linger_cases, lingers_when_it_is_busy);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(first_event_after_a_pause_does_not_wait);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(measures_the_rate);
    return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
