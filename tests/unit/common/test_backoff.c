#include "common/backoff.h"
#include "tests/unit/unit.h"

struct step_case {
    const char *name;
    unsigned attempts;
    bool answers;
    uint32_t step_ms;
};

static const struct step_case step_cases[] = {
    {"first wait", 0, false, 50},
    {"second wait", 1, false, 100},
    {"seventh wait", 6, false, 3200},
    {"eighth is the longest", 7, false, 5000},
    {"thousandth wait", 999, false, 5000},
    {"counter near its end", 4294967295u, false, 5000},
    {"first wait, who answers", 0, true, 50},
    {"fifth wait, who answers", 4, true, 800},
    {"sixth is the longest, who answers", 5, true, 1000},
    {"thousandth wait, who answers", 999, true, 1000},
};

static void waits_half_to_all_of_the_step(void **state)
{
    const struct step_case *c = *state;
    uint32_t least = UINT32_MAX, most = 0;

    for (int i = 0; i < 400; i++) {
        struct backoff backoff = {c->attempts};
        uint32_t ms = backoff_next_ms(&backoff, c->answers);
        assert_in_range(ms, c->step_ms / 2, c->step_ms);
        assert_int_equal(backoff.attempts, c->attempts + 1);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_true(least < c->step_ms * 6 / 10); // the jitter uses its whole width
    assert_true(most > c->step_ms * 9 / 10);
}

static void reset_starts_from_the_first_wait(void **state)
{
    struct backoff backoff = {9};

    (void)state;
    backoff_reset(&backoff);
    assert_in_range(backoff_next_ms(&backoff, false), 25, 50);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(step_cases) + 1] = {
        cmocka_unit_test(reset_starts_from_the_first_wait),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, step_cases, waits_half_to_all_of_the_step);
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
