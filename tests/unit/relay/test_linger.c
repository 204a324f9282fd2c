#include "relay/linger.h"

#include "tests/unit/unit.h"

struct linger_case {
    const char *name;
    uint32_t linger_ms;
    uint64_t every_ms; // so often …
    size_t taken;      // … so many events come
    uint32_t expected_ms;
};

static const struct linger_case linger_cases[] = {
    {"100 per second", 3, 10, 1, 0},
    {"500 per second", 3, 2, 1, 0},
    {"1000 per second", 3, 1, 1, 3},
    {"2000 per second", 3, 3, 6, 3},
    {"1000 per second and a shorter wait", 1, 1, 1, 0},
    {"50000 per second", 3, 1, 50, 3},
    {"turned off", 0, 1, 1000, 0},
    {"ten at once, ten times per second", 3, 100, 10, 0},
    {"nothing", 3, 10, 0, 0},
};

static void lingers_when_it_pays(void **state)
{
    const struct linger_case *c = *state;
    struct linger linger = {.max_ms = c->linger_ms};

    for (uint64_t now_ms = 1000000; now_ms < 1001000; now_ms += c->every_ms)
        linger_record(&linger, now_ms, c->taken);
    assert_int_equal(linger_wait_ms(&linger), c->expected_ms);
}

static void first_event_after_a_pause_does_not_wait(void **state)
{
    struct linger linger = {.max_ms = 3};

    (void)state;
    assert_int_equal(linger_wait_ms(&linger), 0);
    for (uint64_t now_ms = 5000; now_ms < 5500; now_ms++)
        linger_record(&linger, now_ms, 2);
    assert_int_equal(linger_wait_ms(&linger), 3);
    linger_record(&linger, 8000, 1);
    assert_int_equal(linger_wait_ms(&linger), 0);
}

static void pairs_are_no_crowd(void **state)
{
    struct linger linger = {.max_ms = 3};

    (void)state;
    for (uint64_t now_ms = 5000; now_ms < 6000; now_ms += 60) {
        linger_record(&linger, now_ms, 1);
        assert_int_equal(linger_wait_ms(&linger), 0);
        linger_record(&linger, now_ms + 1, 1);
        assert_int_equal(linger_wait_ms(&linger), 0);
    }
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(linger_cases) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, linger_cases, lingers_when_it_pays);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(first_event_after_a_pause_does_not_wait);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(pairs_are_no_crowd);
    return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
