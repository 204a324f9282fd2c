#include "proto/position.h"

#include "tests/unit/unit.h"

struct parse_case {
    const char *name;
    const char *text;
    bool ok;
    struct position position;
};

// clang-format off
static const struct parse_case parse_cases[] = {
    {"none",                "0-0",                 true, {0, 0}},
    {"usual",               "1731837600000-42",    true, {1731837600000, 42}},
    {"greatest",            "18446744073709551615-18446744073709551615", true, {UINT64_MAX, UINT64_MAX}},
    {"leading zeros",       "007-08",              true, {7, 8}},
    {"empty",               "",                    false, {0}},
    {"one number",          "12",                  false, {0}},
    {"no first number",     "-1",                  false, {0}},
    {"no second number",    "1-",                  false, {0}},
    {"two dashes",          "1--1",                false, {0}},
    {"three numbers",       "1-2-3",               false, {0}},
    {"blank in front",      " 1-2",                false, {0}},
    {"blank behind",        "1-2 ",                false, {0}},
    {"sign",                "+1-2",                false, {0}},
    {"first over 64 bits",  "18446744073709551616-1", false, {0}},
    {"second over 64 bits", "1-99999999999999999999", false, {0}},
    {"letters",             "a-b",                 false, {0}},
};
// clang-format on

static void parses(void **state)
{
    const struct parse_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));
    struct position p;

    assert_int_equal(position_parse(copy, &p), c->ok);
    if (c->ok)
        assert_int_equal(position_compare(p, c->position), 0);
    free((void *)copy.ptr);
}

struct print_case {
    const char *name;
    struct position position;
    const char *text;
};

static const struct print_case print_cases[] = {
    {"prints none", {0, 0}, "0-0"},
    {"prints the usual", {1731837600000, 42}, "1731837600000-42"},
    {"prints the greatest", {UINT64_MAX, UINT64_MAX}, "18446744073709551615-18446744073709551615"},
};

static void prints(void **state)
{
    const struct print_case *c = *state;
    char text[POSITION_TEXT_MAX];

    assert_int_equal(position_print(c->position, text), strlen(c->text));
    assert_string_equal(text, c->text);
}

struct order_case {
    const char *name;
    struct position a, b;
    int order;
};

static const struct order_case order_cases[] = {
    {"equal", {3, 4}, {3, 4}, 0},
    {"by seq", {3, 4}, {3, 5}, -1},
    {"epoch counts more than seq", {4, 0}, {3, 9}, 1},
    {"as numbers without sign", {UINT64_MAX, 0}, {1, 0}, 1},
};

static void orders(void **state)
{
    const struct order_case *c = *state;

    assert_int_equal(position_compare(c->a, c->b), c->order);
    assert_int_equal(position_compare(c->b, c->a), -c->order);
}

static void only_zero_is_none(void **state)
{
    (void)state;
    assert_true(position_is_none((struct position){0, 0}));
    assert_false(position_is_none((struct position){0, 1}));
    assert_false(position_is_none((struct position){1, 0}));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(parse_cases) + ARRAY_LEN(print_cases) +
                            ARRAY_LEN(order_cases) + 1] = {cmocka_unit_test(only_zero_is_none)};
    size_t count = 1;

    ADD_ROWS(tests, count, parse_cases, parses);
    ADD_ROWS(tests, count, print_cases, prints);
    ADD_ROWS(tests, count, order_cases, orders);
    return cmocka_run_group_tests_name("position", tests, NULL, NULL);
}
