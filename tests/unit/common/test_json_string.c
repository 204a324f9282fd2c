#include "common/json_string.h"

#include "tests/unit/unit.h"

struct string_row {
    const char *name;
    const char *inside;
    const char *text;
    bool has_half_pair; // and `text` is what stands for it
};

// clang-format off
static const struct string_row strings[] = {
    {"plain", "abc", "abc", false},
    {"empty", "", "", false},
    {"short escapes", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", false},
    {"an escaped backslash before a letter", "\\\\n", "\\n", false},
    {"one byte", "\\u0041", "A", false},
    {"two bytes", "x\\u00e9y", "x\xc3\xa9y", false},
    {"last of one byte, first of two", "\\u007f\\u0080", "\x7f\xc2\x80", false},
    {"last of two bytes, first of three", "\\u07ff\\u0800", "\xdf\xbf\xe0\xa0\x80", false},
    {"three bytes", "\\u20AC", "\xe2\x82\xac", false},
    {"around the surrogates", "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80", false},
    {"surrogate pair", "\\ud83d\\uDE00!", "\xf0\x9f\x98\x80!", false},
    {"first and last pair", "\\ud800\\udc00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", false},
    {"pair beyond the first planes", "\\ud840\\udc00", "\xf0\xa0\x80\x80", false},
    {"UTF-8 around an escape", "\xc3\xa9\\n\xe2\x82\xac", "\xc3\xa9\n\xe2\x82\xac", false},

    {"high half alone", "\\ud83dx", "\xef\xbf\xbdx", true},
    {"high half and nothing else", "\\ud83d", "\xef\xbf\xbd", true},
    {"high half before characters", "\\ud83dabcdef", "\xef\xbf\xbd" "abcdef", true},
    {"high half before another escape", "\\ud83d\\u0041", "\xef\xbf\xbd" "A", true},
    {"high half before a short escape", "\\ud83d\\nABCD", "\xef\xbf\xbd\nABCD", true},
    {"high half before a pair", "\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", true},
    {"low half alone", "\\ude00", "\xef\xbf\xbd", true},
    {"low half before a high one", "\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", true},
    {"two low halves", "\\ude00\\ude00", "\xef\xbf\xbd\xef\xbf\xbd", true},
    {"two high halves", "\\ud83d\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", true},
};
// clang-format on

static void decodes(void **state)
{
    const struct string_row *row = *state;
    struct span inside = exact_copy(span_of(row->inside));
    struct buffer text = {0};

    assert_true(json_string_decode(inside, JSON_HALF_PAIR_REPLACED, &text));
    assert_span(buffer_span(&text), row->text);
    assert_true(text.len <= inside.len);
    buffer_clear(&text);
    assert_int_equal(json_string_decode(inside, JSON_HALF_PAIR_REFUSED, &text),
                     !row->has_half_pair);
    if (!row->has_half_pair)
        assert_span(buffer_span(&text), row->text);
    buffer_fini(&text);
    free((void *)inside.ptr);
}

// What has half a pair is no text, not even that with the character which stands for the half.
static void compares(void **state)
{
    const struct string_row *row = *state;
    struct span inside = exact_copy(span_of(row->inside));
    struct span text = span_of(row->text);

    assert_int_equal(json_string_is(inside, text), !row->has_half_pair);
    assert_false(json_string_is(inside, SPAN_LIT("something else")));
    if (text.len > 0) {
        assert_false(json_string_is(inside, (struct span){text.ptr, text.len - 1}));
        assert_false(json_string_is(inside, span_skip(text, 1)));
        assert_false(json_string_is(inside, (struct span){0}));
    }
    free((void *)inside.ptr);
}

static void the_whole_counts(void **state)
{
    (void)state;
    assert_false(json_string_is(SPAN_LIT("ab"), SPAN_LIT("abc")));
    assert_false(json_string_is(SPAN_LIT("a\\u0062"), SPAN_LIT("abc")));
    assert_false(json_string_is(SPAN_LIT("abc"), SPAN_LIT("ab")));
    assert_false(json_string_is(SPAN_LIT("\\ud83d"), SPAN_LIT("\xed\xa0\xbd")));
}

static void appends(void **state)
{
    (void)state;
    struct buffer text = {0};

    buffer_append(&text, SPAN_LIT("user:"));
    assert_true(json_string_decode(SPAN_LIT("a\\tb"), JSON_HALF_PAIR_REFUSED, &text));
    assert_span(buffer_span(&text), "user:a\tb");
    buffer_fini(&text);
}

struct quote_case {
    const char *name;
    const char *in, *out;
};

static const struct quote_case quote_cases[] = {
    {"plain", "abc", "\"abc\""},
    {"empty", "", "\"\""},
    {"quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
    {"line end", "a\nb", "\"a\\nb\""},
    {"other controls", "\t\r\x1b\x7f", "\"\\u0009\\u000d\\u001b\\u007f\""},
    {"escape first and last", "\"a\"", "\"\\\"a\\\"\""},
    {"text beyond ASCII", "Zürich ✓", "\"Zürich ✓\""},
};

static void appends_quoted(void **state)
{
    const struct quote_case *c = *state;
    struct span copy = exact_copy(span_of(c->in));
    struct buffer out = {0};

    json_string_append(&out, copy);
    assert_span(buffer_span(&out), c->out);
    assert_string_equal(out.ptr, c->out);
    buffer_fini(&out);
    free((void *)copy.ptr);
}

static void quotes(void **state)
{
    (void)state;
    struct span text = {"a\"b\\c\n\x1f\xe2\x82\xac\0d", 12};
    const char *expected = "\"a\\\"b\\\\c\\n\\u001f\xe2\x82\xac\\u0000d\"";
    char out[64];

    assert_int_equal(json_string_quote(text, NULL), strlen(expected));
    assert_span(((struct span){out, json_string_quote(text, out)}), expected);
}

static void long_text_is_another(void **state)
{
    (void)state;
    char inside[4096];

    memset(inside, 'x', sizeof(inside));
    assert_false(json_string_is((struct span){inside, sizeof(inside)}, SPAN_LIT("x")));
}

int main(void)
{
    struct CMUnitTest tests[2 * ARRAY_LEN(strings) + ARRAY_LEN(quote_cases) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, strings, decodes);
    ADD_ROWS(tests, count, strings, compares);
    ADD_ROWS(tests, count, quote_cases, appends_quoted);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(the_whole_counts);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(appends);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(quotes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(long_text_is_another);
    return cmocka_run_group_tests_name("json_string", tests, NULL, NULL);
}
