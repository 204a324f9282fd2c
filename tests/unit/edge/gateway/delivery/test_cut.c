#include "edge/gateway/delivery/cut.h"

#include "tests/unit/unit.h"

struct covers_case {
    const char *name;
    struct cut a, b;
    bool covers, equal;
};

static const struct covers_case covers_cases[] = {
    {"a cut covers itself", {2, {{1, 5}, {1, 6}}}, {2, {{1, 5}, {1, 6}}}, true, true},
    {"ahead in one shard", {2, {{1, 7}, {1, 6}}}, {2, {{1, 5}, {1, 6}}}, true, false},
    {"behind in one shard", {2, {{1, 4}, {1, 9}}}, {2, {{1, 5}, {1, 6}}}, false, false},
    {"of an older epoch", {1, {{1, 99}}}, {1, {{2, 0}}}, false, false},
};

static void covers(void **state)
{
    const struct covers_case *c = *state;

    assert_int_equal(cut_covers(&c->a, &c->b), c->covers);
    assert_int_equal(cut_eq(&c->a, &c->b), c->equal);
    assert_int_equal(cut_eq(&c->b, &c->a), c->equal);
}

struct top_case {
    const char *name;
    struct cut cut;
    struct position top;
};

static const struct top_case top_cases[] = {
    {"of one shard", {1, {{1, 5}}}, {1, 5}},
    {"the last", {3, {{1, 5}, {1, 6}, {1, 7}}}, {1, 7}},
    {"the first", {3, {{1, 7}, {1, 6}, {1, 5}}}, {1, 7}},
    {"of the newest epoch", {3, {{1, 9}, {2, 1}, {0, 0}}}, {2, 1}},
};

static void has_a_top(void **state)
{
    const struct top_case *c = *state;

    assert_int_equal(position_compare(cut_top(&c->cut), c->top), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(covers_cases) + ARRAY_LEN(top_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, covers_cases, covers);
    ADD_ROWS(tests, count, top_cases, has_a_top);
    return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
