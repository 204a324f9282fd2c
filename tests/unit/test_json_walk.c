#include "edge/socketio/json_string.h"
#include "edge/socketio/json_walk.h"
#include "tests/unit/unit.h"

#define DEPTH 4

struct value_row {
    const char *name;
    const char *text;
    enum json_kind kind; // JSON_NONE: refused
    const char *value;
    const char *rest;
};

// clang-format off
static const struct value_row values[] = {
    {"object", "{\"a\":1}", JSON_OBJECT_TEXT, "{\"a\":1}", ""},
    {"empty object", "{ }", JSON_OBJECT_TEXT, "{ }", ""},
    {"array", "[1, 2 ,3]", JSON_ARRAY_TEXT, "[1, 2 ,3]", ""},
    {"empty array", "[]", JSON_ARRAY_TEXT, "[]", ""},
    {"string", "\"a\\\"b\"", JSON_STRING_TEXT, "\"a\\\"b\"", ""},
    {"every escape", "\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", JSON_STRING_TEXT, "\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", ""},
    {"lone surrogate", "\"\\ud800\"", JSON_STRING_TEXT, "\"\\ud800\"", ""},
    {"bytes above 0x7f", "\"\xe2\x82\xac\xff\"", JSON_STRING_TEXT, "\"\xe2\x82\xac\xff\"", ""},
    {"delete character", "\"\x7f\"", JSON_STRING_TEXT, "\"\x7f\"", ""},
    {"zero", "0", JSON_NUMBER_TEXT, "0", ""},
    {"negative zero", "-0", JSON_NUMBER_TEXT, "-0", ""},
    {"number in full", "-12.50e+3", JSON_NUMBER_TEXT, "-12.50e+3", ""},
    {"number beyond any double", "1E400", JSON_NUMBER_TEXT, "1E400", ""},
    {"true", "true", JSON_LITERAL_TEXT, "true", ""},
    {"false", "false", JSON_LITERAL_TEXT, "false", ""},
    {"null", "null", JSON_LITERAL_TEXT, "null", ""},
    {"blanks around", " \t\r\n7 \t\r\n", JSON_NUMBER_TEXT, "7", ""},
    {"something behind", "1,2", JSON_NUMBER_TEXT, "1", ",2"},
    {"digit behind zero is the rest", "01", JSON_NUMBER_TEXT, "0", "1"},
    {"blanks inside", "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", JSON_OBJECT_TEXT, "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", ""},
    {"deepest allowed", "[[[[1]]]]", JSON_ARRAY_TEXT, "[[[[1]]]]", ""},
    {"deepest allowed, mixed", "[{\"a\":[{}]}]", JSON_ARRAY_TEXT, "[{\"a\":[{}]}]", ""},
    {"names twice", "{\"a\":1,\"a\":2}", JSON_OBJECT_TEXT, "{\"a\":1,\"a\":2}", ""},

    {"one level too deep", "[[[[[]]]]]", JSON_NONE, NULL, NULL},
    {"one object too deep", "[[[[{}]]]]", JSON_NONE, NULL, NULL},
    {"nothing", "", JSON_NONE, NULL, NULL},
    {"only blanks", "  ", JSON_NONE, NULL, NULL},
    {"open array", "[", JSON_NONE, NULL, NULL},
    {"open array with element", "[1", JSON_NONE, NULL, NULL},
    {"comma at the end", "[1,]", JSON_NONE, NULL, NULL},
    {"comma at the begin", "[,1]", JSON_NONE, NULL, NULL},
    {"no comma", "[1 2]", JSON_NONE, NULL, NULL},
    {"wrong bracket", "[1}", JSON_NONE, NULL, NULL},
    {"open object", "{\"a\":1", JSON_NONE, NULL, NULL},
    {"object without value", "{\"a\"}", JSON_NONE, NULL, NULL},
    {"object with an empty value", "{\"a\":}", JSON_NONE, NULL, NULL},
    {"object with a comma at the end", "{\"a\":1,}", JSON_NONE, NULL, NULL},
    {"name without quotes", "{a:1}", JSON_NONE, NULL, NULL},
    {"name that is a number", "{1:1}", JSON_NONE, NULL, NULL},
    {"open string", "\"a", JSON_NONE, NULL, NULL},
    {"string that ends in a backslash", "\"a\\", JSON_NONE, NULL, NULL},
    {"string whose quote is escaped", "\"a\\\"", JSON_NONE, NULL, NULL},
    {"unknown escape", "\"\\x41\"", JSON_NONE, NULL, NULL},
    {"short unicode escape", "\"\\u12\"", JSON_NONE, NULL, NULL},
    {"cut unicode escape", "\"\\u12", JSON_NONE, NULL, NULL},
    {"bad unicode escape", "\"\\u12g4\"", JSON_NONE, NULL, NULL},
    {"newline in a string", "\"a\nb\"", JSON_NONE, NULL, NULL},
    {"last control character in a string", "\"a\x1f\"", JSON_NONE, NULL, NULL},
    {"single quotes", "'a'", JSON_NONE, NULL, NULL},
    {"plus sign", "+1", JSON_NONE, NULL, NULL},
    {"only a minus", "-", JSON_NONE, NULL, NULL},
    {"no digits before the point", ".5", JSON_NONE, NULL, NULL},
    {"no digits behind the point", "1.", JSON_NONE, NULL, NULL},
    {"no digits in the exponent", "1e", JSON_NONE, NULL, NULL},
    {"only a sign in the exponent", "1e-", JSON_NONE, NULL, NULL},
    {"cut literal", "tru", JSON_NONE, NULL, NULL},
    {"NaN", "NaN", JSON_NONE, NULL, NULL},
    {"comment", "/**/1", JSON_NONE, NULL, NULL},
};
// clang-format on

static void takes_value(void **state)
{
    const struct value_row *row = *state;
    struct span text = exact_copy(span_of(row->text));
    struct span rest = text, value;

    assert_int_equal(json_take_value(&rest, DEPTH, &value), row->kind);
    if (row->kind != JSON_NONE) {
        assert_span(value, row->value);
        assert_span(rest, row->rest);
    }
    free((void *)text.ptr);
}

struct items_row {
    const char *name;
    const char *text;
    bool is_array, malformed;
    const char *items[4];
};

static const struct items_row lists[] = {
    {"no elements", "[]", true, false, {0}},
    {"no elements but blanks", " [ ] ", true, false, {0}},
    {"one element", "[1]", true, false, {"1"}},
    {"several kinds",
     "[ \"a,]\" , [1,2],{\"b\":3} ]",
     true,
     false,
     {"\"a,]\"", "[1,2]", "{\"b\":3}"}},
    {"deepest element", "[[[[1]]]]", true, false, {"[[[1]]]"}},
    {"element too deep", "[1,[[[[1]]]]]", true, true, {"1"}},
    {"comma at the end", "[1,]", true, true, {"1"}},
    {"no comma", "[1 2]", true, true, {"1"}},
    {"no end", "[1", true, true, {"1"}},
    {"only the begin", "[", true, true, {0}},
    {"something behind", "[1]x", true, true, {"1"}},
    {"two arrays", "[][]", true, true, {0}},
    {"an object", "{}", false, false, {0}},
    {"nothing", "", false, false, {0}},
};

static void lists_items(void **state)
{
    const struct items_row *row = *state;
    struct span text = exact_copy(span_of(row->text)), item;
    struct json_items items;
    enum json_kind kind;
    size_t count = 0;

    assert_int_equal(json_items_begin(&items, text, DEPTH), row->is_array);
    while (row->is_array && json_items_next(&items, &item, &kind)) {
        assert_true(count < ARRAY_LEN(row->items));
        assert_non_null(row->items[count]);
        assert_span(item, row->items[count++]);
    }
    assert_true(count == ARRAY_LEN(row->items) || !row->items[count]);
    assert_int_equal(row->is_array && items.malformed, row->malformed);
    assert_false(row->is_array && json_items_next(&items, &item, &kind));
    free((void *)text.ptr);
}

struct string_row {
    const char *name;
    const char *raw;
    const char *text;
};

static const struct string_row strings[] = {
    {"plain", "abc", "abc"},
    {"empty", "", ""},
    {"short escapes", "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
    {"one byte", "\\u0041", "A"},
    {"two bytes", "\\u00e9", "\xc3\xa9"},
    {"three bytes", "\\u20AC", "\xe2\x82\xac"},
    {"pair", "\\ud83d\\ude00!", "\xf0\x9f\x98\x80!"},
    {"high half alone", "\\ud83dx", "\xef\xbf\xbdx"},
    {"high half before another escape", "\\ud83d\\u0041",
     "\xef\xbf\xbd"
     "A"},
    {"high half before a short escape", "\\ud83d\\nABCD", "\xef\xbf\xbd\nABCD"},
    {"low half alone", "\\ude00", "\xef\xbf\xbd"},
    {"two low halves", "\\ude00\\ude00", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"high half at the end", "\\ud83d\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd"},
};

static void unquotes(void **state)
{
    const struct string_row *row = *state;
    struct span raw = exact_copy(span_of(row->raw));
    char *out = malloc(raw.len > 0 ? raw.len : 1);

    assert_span(((struct span){out, json_unquote(raw, out)}), row->text);
    assert_true(json_raw_is(raw, row->text));
    assert_false(json_raw_is(raw, "something else"));
    free(out);
    free((void *)raw.ptr);
}

static void quotes(void **state)
{
    (void)state;
    struct span text = {"a\"b\\c\n\x1f\xe2\x82\xac\0d", 12};
    const char *expected = "\"a\\\"b\\\\c\\u000a\\u001f\xe2\x82\xac\\u0000d\"";
    char out[64];

    assert_int_equal(json_quote(text, NULL), strlen(expected));
    assert_span(((struct span){out, json_quote(text, out)}), expected);
}

static void long_text_is_not_compared(void **state)
{
    (void)state;
    char raw[4096];

    memset(raw, 'x', sizeof(raw));
    assert_false(json_raw_is((struct span){raw, sizeof(raw)}, "x"));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(values) + ARRAY_LEN(lists) + ARRAY_LEN(strings) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, values, takes_value);
    ADD_ROWS(tests, count, lists, lists_items);
    ADD_ROWS(tests, count, strings, unquotes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(quotes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(long_text_is_not_compared);
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
