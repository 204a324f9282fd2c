#include "relay/json_view.h"

#include "tests/unit/unit.h"

#define DEEP_256  DEEP_64 DEEP_64 DEEP_64 DEEP_64
#define DEEP_64   DEEP_16 DEEP_16 DEEP_16 DEEP_16
#define DEEP_16   "[[[[[[[[[[[[[[[["
#define CLOSE_256 CLOSE_64 CLOSE_64 CLOSE_64 CLOSE_64
#define CLOSE_64  CLOSE_16 CLOSE_16 CLOSE_16 CLOSE_16
#define CLOSE_16  "]]]]]]]]]]]]]]]]"

struct good_case {
    const char *name;
    const char *text;
    enum json_kind kind;
    const char *raw; // NULL: the whole text
};

static const struct good_case good_cases[] = {
    {"null", "null", JSON_KIND_NULL, NULL},
    {"true", "true", JSON_KIND_BOOL, NULL},
    {"false in blanks", " \t\r\n false \n", JSON_KIND_BOOL, "false"},
    {"zero", "0", JSON_KIND_NUMBER, NULL},
    {"negative zero", "-0", JSON_KIND_NUMBER, NULL},
    {"integer over 64 bits", "123456789012345678901234567890", JSON_KIND_NUMBER, NULL},
    {"real with exponent", "-12.50e+308", JSON_KIND_NUMBER, NULL},
    {"real beyond double", "1E400", JSON_KIND_NUMBER, NULL},
    {"empty string", "\"\"", JSON_KIND_STRING, NULL},
    {"all escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", JSON_KIND_STRING, NULL},
    {"half a surrogate pair", "\"\\ud800\"", JSON_KIND_STRING, NULL},
    {"escaped NUL", "\"\\u0000\"", JSON_KIND_STRING, NULL},
    {"UTF-8", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"", JSON_KIND_STRING, NULL},
    {"DEL stands for itself", "\"\x7f\"", JSON_KIND_STRING, NULL},
    {"empty array", "[ ]", JSON_KIND_ARRAY, NULL},
    {"empty object", "{\n}", JSON_KIND_OBJECT, NULL},
    {"array", "[1, \"a\", [], {}]", JSON_KIND_ARRAY, NULL},
    {"object", "{\"a\":{\"b\":[{}]} , \"c\" : 1}", JSON_KIND_OBJECT, NULL},
    {"256 deep", DEEP_256 CLOSE_256, JSON_KIND_ARRAY, NULL},
};

static void accepts(void **state)
{
    const struct good_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    struct json_view view;

    assert_true(json_view_parse(text, &view, NULL));
    assert_int_equal(view.kind, c->kind);
    assert_span(view.raw, c->raw ? c->raw : c->text);
    free((void *)text.ptr);
}

struct bad_case {
    const char *name;
    const char *text;
    size_t offset;
    const char *reason;
};

static const struct bad_case bad_cases[] = {
    {"nothing", "", 0, "unexpected end"},
    {"blanks", "  ", 2, "unexpected end"},
    {"two values", "1 2", 2, "more behind the end of the value"},
    {"byte order mark", "\xef\xbb\xbf{}", 0, "unexpected character"},
    {"word cut short", "tru", 0, "unexpected character"},
    {"unknown word", "undefined", 0, "unexpected character"},
    {"leading zero", "01", 1, "more behind the end of the value"},
    {"plus sign", "+1", 0, "unexpected character"},
    {"minus alone", "-", 1, "invalid number"},
    {"point without digits", "1.", 2, "invalid number"},
    {"exponent without digits", "1e+", 3, "invalid number"},
    {"string without end", "\"abc", 4, "string without end"},
    {"string ends in an escape", "\"\\", 2, "invalid escape in a string"},
    {"unknown escape", "\"\\x\"", 2, "invalid escape in a string"},
    {"short unicode escape", "\"\\u12\"", 5, "invalid escape in a string"},
    {"unicode escape of three digits", "\"\\u123\"", 6, "invalid escape in a string"},
    {"line feed in a string", "\"a\nb\"", 2, "control character in a string"},
    {"record separator in a string", "\"\x1e\"", 1, "control character in a string"},
    {"lone continuation byte", "\"\x80\"", 1, "invalid UTF-8"},
    {"overlong form", "\"\xc0\xaf\"", 1, "invalid UTF-8"},
    {"surrogate in UTF-8", "\"\xed\xa0\x80\"", 1, "invalid UTF-8"},
    {"above U+10FFFF", "\"\xf4\x90\x80\x80\"", 1, "invalid UTF-8"},
    {"character cut short", "\"\xe2\x82\"", 1, "invalid UTF-8"},
    {"open array", "[1", 2, "a comma or ] must follow"},
    {"trailing comma in an array", "[1,]", 3, "unexpected character"},
    {"wrong bracket", "[1}", 2, "a comma or ] must follow"},
    {"open object", "{\"a\":1", 6, "a comma or } must follow"},
    {"trailing comma in an object", "{\"a\":1,}", 7, "a member name in quotes must follow"},
    {"name without quotes", "{a:1}", 1, "a member name in quotes must follow"},
    {"no colon", "{\"a\" 1}", 5, "a colon must follow"},
    {"no value", "{\"a\":}", 5, "unexpected character"},
    {"comment", "{/**/}", 1, "a member name in quotes must follow"},
    {"257 deep", "[" DEEP_256 CLOSE_256 "]", 256, "nested too deep"},
};

static void refuses(void **state)
{
    const struct bad_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    struct json_fault fault = {0};
    struct json_view view;

    assert_false(json_view_parse(text, &view, &fault));
    assert_string_equal(fault.reason, c->reason);
    assert_int_equal(fault.offset, c->offset);
    free((void *)text.ptr);
}

struct string_case {
    const char *name;
    const char *raw;
    const char *meaning; // NULL: no text
};

static const struct string_case string_cases[] = {
    {"plain", "\"abc\"", "abc"},
    {"empty", "\"\"", ""},
    {"short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"one byte", "\"\\u0041\"", "A"},
    {"two bytes", "\"x\\u00e9y\"", "x\xc3\xa9y"},
    {"last of two bytes, first of three", "\"\\u07ff\\u0800\"", "\xdf\xbf\xe0\xa0\x80"},
    {"three bytes", "\"\\u20AC\"", "\xe2\x82\xac"},
    {"surrogate pair", "\"\\ud83d\\uDE00!\"", "\xf0\x9f\x98\x80!"},
    {"high half alone", "\"\\ud83d\"", NULL},
    {"high half before a character", "\"\\ud83dabcdef\"", NULL},
    {"high half twice", "\"\\ud83d\\ud83d\"", NULL},
    {"low half alone", "\"\\ude00\"", NULL},
};

static void decodes(void **state)
{
    const struct string_case *c = *state;
    struct buffer meaning = {0};
    struct json_view view;

    assert_true(json_view_parse(span_of(c->raw), &view, NULL));
    assert_int_equal(json_string_decode(view.raw, &meaning), c->meaning != NULL);
    if (c->meaning) {
        assert_span(buffer_span(&meaning), c->meaning);
        assert_true(json_string_is(view.raw, span_of(c->meaning)));
    }
    assert_false(json_string_is(view.raw, SPAN_LIT("something else")));
    buffer_fini(&meaning);
}

static void walks_members(void **state)
{
    static const char text[] = " { \"a\" : [1,{\"b\":2}] ,\"c\":\"x,}\", \"\":null } ";
    static const char *const expected[][2] = {
        {"\"a\"", "[1,{\"b\":2}]"}, {"\"c\"", "\"x,}\""}, {"\"\"", "null"}};
    struct json_view object, value;
    struct json_walk walk;
    struct span name;

    (void)state;
    assert_true(json_view_parse(span_of(text), &object, NULL));
    walk = json_walk_into(object);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(json_walk_member(&walk, &name, &value));
        assert_span(name, expected[i][0]);
        assert_span(value.raw, expected[i][1]);
    }
    assert_false(json_walk_member(&walk, &name, &value));
    assert_false(json_walk_member(&walk, &name, &value)); // and stays at the end
}

static void walks_elements(void **state)
{
    static const char *const expected[] = {"1", "[2]", "{\"a\":3}", "\"]\""};
    struct json_view array, value;
    struct json_walk walk;

    (void)state;
    assert_true(json_view_parse(SPAN_LIT("[ 1 ,[2],{\"a\":3} , \"]\" ]"), &array, NULL));
    walk = json_walk_into(array);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(json_walk_element(&walk, &value));
        assert_span(value.raw, expected[i]);
    }
    assert_false(json_walk_element(&walk, &value));

    assert_true(json_view_parse(SPAN_LIT("[ ]"), &array, NULL));
    walk = json_walk_into(array);
    assert_false(json_walk_element(&walk, &value));
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + ARRAY_LEN(string_cases) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, good_cases, accepts);
    ADD_ROWS(tests, count, bad_cases, refuses);
    ADD_ROWS(tests, count, string_cases, decodes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(walks_members);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(walks_elements);
    return cmocka_run_group_tests_name("json_view", tests, NULL, NULL);
}
