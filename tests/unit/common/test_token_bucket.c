#include "common/token_bucket.h"

#include "tests/unit/unit.h"

// What is taken at which time, and whether it may be.
struct step {
    uint64_t at_ms, count;
    bool taken;
};

// clang-format off
static const struct row {
    const char *name;
    struct token_rate rate;
    struct step steps[8]; // up to one of no tokens
} rows[] = {
    {"a full bucket gives its burst at once", {10, 3},
     {{5, 1, true}, {5, 1, true}, {5, 1, true}, {5, 1, false}}},
    {"it fills one by one", {10, 2},
     {{0, 2, true}, {99, 1, false}, {100, 1, true}, {100, 1, false}, {200, 1, true}}},
    {"parts of a token are kept", {3, 1},
     {{0, 1, true}, {333, 1, false}, {334, 1, true}, {667, 1, false}, {668, 1, true}}},
    {"a refusal takes nothing", {10, 5},
     {{0, 4, true}, {0, 2, false}, {0, 1, true}, {0, 1, false}}},
    {"it never holds more than its burst", {10, 2},
     {{0, 1, true}, {100000, 2, true}, {100000, 1, false}}},
    {"more than the burst is never taken", {10, 2}, {{0, 3, false}, {9999, 3, false}, {9999, 2, true}}},
    {"large numbers", {4000000000, 4000000000},
     {{0, 4000000000, true}, {0, 1, false}, {UINT64_MAX, 4000000000, true}, {UINT64_MAX, 1, false}}},
    {"a count that would overflow", {10, 10}, {{0, UINT64_MAX, false}, {0, 10, true}, {0, 1, false}}},
    {"no limit", {0, 0}, {{0, 1000000, true}, {0, UINT64_MAX, true}}},
};
// clang-format on

static void gives(void **state)
{
    const struct row *row = *state;
    struct token_bucket bucket = {0};

    for (const struct step *step = row->steps; step->count > 0; step++)
        if (token_bucket_take(&bucket, &row->rate, step->count, step->at_ms) != step->taken)
            fail_msg("step %td", step - row->steps + 1);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, gives);
    return cmocka_run_group_tests_name("token bucket", tests, NULL, NULL);
}
