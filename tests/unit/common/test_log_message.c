#include "common/log_message.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/span.h"
#include "common/utf8.h"
#include "tests/unit/unit.h"

static size_t format(char out[LOG_MESSAGE_MAX], const char *text, ...) PRINTF(2, 3);

static size_t format(char out[LOG_MESSAGE_MAX], const char *text, ...)
{
    va_list args;

    va_start(args, text);
    size_t len = log_message_format(out, text, args);
    va_end(args);
    assert_int_equal(len, strlen(out));
    return len;
}

struct value_case {
    const char *name, *value, *written;
};

// clang-format off
static const struct value_case values[] = {
    {"a word",                  "expired",            "expired"},
    {"an address",              "[2001:db8::1]:4001", "[2001:db8::1]:4001"},
    {"nothing",                 "",                   "\"\""},
    {"a blank",                 "jwt expired",        "\"jwt expired\""},
    {"an equals sign",          "a=b",                "\"a=b\""},
    {"another key",             "x level=error",      "\"x level=error\""},
    {"quotes",                  "a\"b",               "\"a\\\"b\""},
    {"quotes that would end it", "x\" admin=\"yes",   "\"x\\\" admin=\\\"yes\""},
    {"a backslash",             "a\\b",               "\"a\\\\b\""},
    {"a backslash at its end",  "a\\",                "\"a\\\\\""},
    {"a written line feed",     "a\\nb",              "\"a\\\\nb\""},
    {"a line feed",             "a\nb",               "\"a\\nb\""},
    {"a line feed alone",       "\n",                 "\"\\n\""},
    {"a carriage return",       "a\rb",               "\"a\\u000db\""},
    {"a tab",                   "a\tb",               "\"a\\u0009b\""},
    {"an escape sequence",      "\x1b[2J",            "\"\\u001b[2J\""},
    {"delete",                  "a\x7f",              "\"a\\u007f\""},
    {"a conversion",            "%s%n",               "%s%n"},
    {"beyond ASCII",            "é✓😀",               "é✓😀"},
    {"beyond ASCII, a blank",   "é ✓",                "\"é ✓\""},
    {"C1 controls",             "a\xc2\x9b" "2J",     "a??2J"},
    {"byte that leads nothing", "a\xff" "b",          "a?b"},
    {"stray continuation",      "a\x80" "b",          "a?b"},
    {"cut character",           "a\xe2\x9c",          "a??"},
    {"broken character",        "\xe2\x9c" "b",       "??b"},
    {"cut before quotes",       "\xe2\x9c\"",         "\"??\\\"\""},
    {"cut before a line feed",  "\xe2\n",             "\"?\\n\""},
    {"overlong slash",          "\xc0\xaf",           "??"},
    {"overlong line feed",      "\xc0\x8a",           "??"},
    {"overlong in three",       "\xe0\x80\xaf",       "???"},
    {"surrogate",               "\xed\xa0\x80",       "???"},
    {"above the last",          "\xf4\x90\x80\x80",   "????"},
};
// clang-format on

static void writes_a_value(void **state)
{
    const struct value_case *c = *state;
    char out[LOG_MESSAGE_MAX], expected[LOG_MESSAGE_MAX];
    struct span value = span_of(c->value);

    snprintf(expected, sizeof(expected), "phrase key=%s", c->written);
    format(out, "phrase key=%s", c->value);
    assert_string_equal(out, expected);
    // A view need not end where its text ends.
    format(out, "phrase key=" SPAN_FMT, SPAN_ARG(value));
    assert_string_equal(out, expected);
}

// What follows a value begins behind it, whatever the value is.
static void the_next_key_is_where_it_belongs(void **state)
{
    const struct value_case *c = *state;
    char out[LOG_MESSAGE_MAX];
    struct span rest, before;

    format(out, "phrase key=%s next=%d", c->value, 7);
    rest = span_of(out);
    assert_true(span_take_before(&rest, span_of(c->written), &before));
    assert_span(before, "phrase key=");
    assert_span(rest, " next=7");
}

static void writes_numbers(void **state)
{
    char out[LOG_MESSAGE_MAX];

    (void)state;
    format(out, "a=%d b=%u c=%zu d=%" PRIu64 " e=%" PRIu32 " 5%% f=%d g=%" PRId64 " h=%" PRId64,
           INT32_MIN, UINT32_MAX, SIZE_MAX, UINT64_MAX, UINT32_C(3), 0, INT64_MIN, INT64_MAX);
    assert_string_equal(out, "a=-2147483648 b=4294967295 c=18446744073709551615 "
                             "d=18446744073709551615 e=3 5% f=0 "
                             "g=-9223372036854775808 h=9223372036854775807");
}

static void an_empty_view_is_empty(void **state)
{
    struct span none = {*state, 0}; // at NULL, which the compiler must not know
    char out[LOG_MESSAGE_MAX];

    format(out, "a=" SPAN_FMT " b=%d", SPAN_ARG(none), 1);
    assert_string_equal(out, "a=\"\" b=1");
}

static void fill(char *text, size_t size, const char *with)
{
    for (size_t i = 0; i < size - 1; i++)
        text[i] = with[i % strlen(with)];
    text[size - 1] = '\0';
}

// The keys behind a long value are still written.
static void cuts_long_values(void **state)
{
    char value[9000], out[LOG_MESSAGE_MAX];

    (void)state;
    fill(value, sizeof(value), "x");
    format(out, "a=%s b=%d", value, 1);
    assert_int_equal(strlen(out), strlen("a=... b=1") + LOG_VALUE_MAX);
    assert_string_equal(out + 2 + LOG_VALUE_MAX, "... b=1");
    fill(value, sizeof(value), "é");
    format(out, "a=x%s b=%d", value + 1, 1); // a character lies across the limit
    assert_true(utf8_valid(span_of(out)));
    assert_non_null(strstr(out, "?"));
}

static void cuts_long_messages(void **state)
{
    static const char *const fillings[] = {"x", "\"", "\n", "é", "\xff"};
    char value[LOG_VALUE_MAX], out[LOG_MESSAGE_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fillings); i++) {
        fill(value, sizeof(value), fillings[i]);
        format(out, "a=%s b=%s c=%s d=%s e=%s f=%d", value, value, value, value, value, 1);
        size_t len = strlen(out);
        assert_in_range(len, LOG_MESSAGE_MAX - 8, LOG_MESSAGE_MAX - 1);
        assert_string_equal(out + len - 3, "...");
        assert_true(utf8_valid(span_of(out)));
        assert_false(span_has_control(span_of(out)));
    }
}

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_LEN(values) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, values, writes_a_value);
    ADD_ROWS(tests, count, values, the_next_key_is_where_it_belongs);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(writes_numbers);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_empty_view_is_empty);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(cuts_long_values);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(cuts_long_messages);
    return cmocka_run_group_tests_name("log_message", tests, NULL, NULL);
}
