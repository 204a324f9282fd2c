#include "common/utf8.h"

#include "tests/unit/unit.h"

struct length_case {
    const char *name;
    const char *text;
    size_t length;
};

// clang-format off
static const struct length_case length_cases[] = {
    {"ASCII",                   "a",                1},
    {"last of one byte",        "\x7f",             1},
    {"first of two bytes",      "\xc2\x80",         2},
    {"last of two bytes",       "\xdf\xbf",         2},
    {"first of three bytes",    "\xe0\xa0\x80",     3},
    {"last of three bytes",     "\xef\xbf\xbf",     3},
    {"before the surrogates",   "\xed\x9f\xbf",     3},
    {"behind the surrogates",   "\xee\x80\x80",     3},
    {"first of four bytes",     "\xf0\x90\x80\x80", 4},
    {"last of all",             "\xf4\x8f\xbf\xbf", 4},
    {"only the first counts",   "a\xff",            1},
    {"continuation alone",      "\x80",             0},
    {"lead of five bytes",      "\xf8\x88\x80\x80\x80", 0},
    {"byte that never is",      "\xff",             0},
    {"overlong in two",         "\xc1\xbf",         0},
    {"overlong in three",       "\xe0\x9f\xbf",     0},
    {"overlong in four",        "\xf0\x8f\xbf\xbf", 0},
    {"first surrogate",         "\xed\xa0\x80",     0},
    {"last surrogate",          "\xed\xbf\xbf",     0},
    {"above the last",          "\xf4\x90\x80\x80", 0},
    {"two bytes cut",           "\xc3",             0},
    {"three bytes cut",         "\xe2\x82",         0},
    {"four bytes cut",          "\xf0\x9f\x98",     0},
    {"second byte is no continuation", "\xc3" "a",        0},
    {"last byte is no continuation",   "\xe2\x82\xc0",    0},
};
// clang-format on

static void measures(void **state)
{
    const struct length_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));

    assert_int_equal(utf8_length(copy), c->length);
    free((void *)copy.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(length_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, length_cases, measures);
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
