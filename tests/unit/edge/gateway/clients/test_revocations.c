#include "edge/gateway/clients/revocations.h"
#include "proto/redis_keys.h"
#include "tests/unit/unit.h"

#define AT    1700000000500 // in the middle of a second
#define UNTIL (AT + 100000)

struct row {
    const char *name;
    const char *user;
    int64_t issued_at_s;
    uint64_t now_ms;
    bool covered;
};

static const struct row rows[] = {
    {"issued the second before", "u1", 1699999999, AT, true},
    {"issued in the same second", "u1", 1700000000, AT, true},
    {"issued the second after", "u1", 1700000001, AT, false},
    {"issued long before", "u1", 0, AT, true},
    {"issued before time began", "u1", INT64_MIN + 1, AT, true},
    {"without a date", "u1", TOKEN_UNDATED, AT, true},
    {"issued in a far future", "u1", INT64_MAX, AT, false},
    {"another user", "u2", 0, AT, false},
    {"a user whose name begins like it", "u11", 0, AT, false},
    {"nobody", "", 0, AT, false},
    {"just before its end", "u1", 0, UNTIL - 1, true},
    {"at its end", "u1", 0, UNTIL, false},
};

static metric count, left_out;

static bool covers(const struct revocations *revocations, const char *user, int64_t issued_at_s,
                   uint64_t now_ms)
{
    return revocations_cover(revocations, span_of(user),
                             (struct token_life){issued_at_s, TOKEN_ENDLESS}, now_ms);
}

static void covers_tokens(void **state)
{
    const struct row *row = *state;
    struct revocations *revocations = revocations_new(&count, &left_out);

    assert_false(covers(revocations, row->user, row->issued_at_s, row->now_ms));
    assert_true(revocations_add(revocations, SPAN_LIT("u1"), AT, UNTIL, AT));
    assert_int_equal(covers(revocations, row->user, row->issued_at_s, row->now_ms), row->covered);
    revocations_free(revocations);
}

struct second_row {
    const char *name;
    uint64_t at_ms, until_ms, now_ms;
    bool changes;
    bool covers_later; // a token that was issued 5 s after the first revocation
    uint64_t covers_until_ms;
};

static const struct second_row second_rows[] = {
    {"the same again", AT, UNTIL, AT, false, false, UNTIL},
    {"an earlier one changes nothing", AT - 9000, UNTIL, AT, false, false, UNTIL},
    {"a later one", AT + 9000, UNTIL, AT, true, true, UNTIL},
    {"a longer one", AT, UNTIL + 9000, AT, true, false, UNTIL + 9000},
    {"a later and shorter one", AT + 9000, UNTIL - 9000, AT, true, true, UNTIL},
    {"one that is over", AT + 9000, AT, AT, false, false, UNTIL},
};

static void second_one(void **state)
{
    const struct second_row *row = *state;
    struct revocations *revocations = revocations_new(&count, &left_out);

    assert_true(revocations_add(revocations, SPAN_LIT("u1"), AT, UNTIL, AT));
    assert_int_equal(
        revocations_add(revocations, SPAN_LIT("u1"), row->at_ms, row->until_ms, row->now_ms),
        row->changes);
    assert_int_equal(covers(revocations, "u1", AT / 1000 + 5, AT), row->covers_later);
    assert_true(covers(revocations, "u1", 0, row->covers_until_ms - 1));
    assert_false(covers(revocations, "u1", 0, row->covers_until_ms));
    revocations_free(revocations);
}

static void is_bounded(void **state)
{
    struct revocations *revocations = revocations_new(&count, &left_out);
    struct buffer user = {0};
    uint64_t left_out_before = metric_get(&left_out);

    (void)state;
    for (size_t i = 0; i < REDIS_REVOKED_MAX; i++) {
        buffer_clear(&user);
        buffer_printf(&user, "%zu", i);
        assert_true(revocations_add(revocations, buffer_span(&user), AT, UNTIL, AT));
    }
    assert_int_equal(metric_get(&count), REDIS_REVOKED_MAX);
    assert_false(revocations_add(revocations, SPAN_LIT("one more"), AT, UNTIL + 1, AT));
    assert_int_equal(metric_get(&left_out) - left_out_before, 1);
    assert_true(revocations_add(revocations, SPAN_LIT("7"), AT + 9000, UNTIL, AT));
    assert_true(revocations_add(revocations, SPAN_LIT("one more"), AT, UNTIL + 1, UNTIL));
    assert_int_equal(metric_get(&count), 1); // the others are over
    buffer_fini(&user);
    revocations_free(revocations);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(second_rows) + 1];
    size_t test_count = 0;

    ADD_ROWS(tests, test_count, rows, covers_tokens);
    ADD_ROWS(tests, test_count, second_rows, second_one);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(is_bounded);
    return cmocka_run_group_tests_name("revocations", tests, NULL, NULL);
}
