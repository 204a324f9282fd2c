#include "edge/asyncapi/yaml.h"

#include "tests/unit/unit.h"

struct text_case {
    const char *name;
    const char *text, *expected;
};

// clang-format off
static const struct text_case json_cases[] = {
    {"a number",               "1.5e3",                 "1.5e3"},
    {"blanks go",              "{ \"a\" :\n\t[ 1 , 2 ]\r\n}", "{\"a\":[1,2]}"},
    {"blanks of a text stay",  "\"a  b\"",              "\"a  b\""},
    {"a quote that is escaped", "\"a\\\" b\" ",         "\"a\\\" b\""},
    {"a backslash before it",  "\"a\\\\\" ",            "\"a\\\\\""},
    {"DEL",                    "\"\x7f\"",              "\"\\u007f\""},
    {"U+0080",                 "\"\xc2\x80\"",          "\"\\u0080\""},
    {"U+009F",                 "\"\xc2\x9f\"",          "\"\\u009f\""},
    {"U+00A0 stays",           "\"\xc2\xa0\"",          "\"\xc2\xa0\""},
    {"U+2028",                 "\"\xe2\x80\xa8\"",      "\"\\u2028\""},
    {"U+2029",                 "\"\xe2\x80\xa9\"",      "\"\\u2029\""},
    {"U+202A stays",           "\"\xe2\x80\xaa\"",      "\"\xe2\x80\xaa\""},
    {"U+FEFF",                 "\"\xef\xbb\xbf\"",      "\"\\ufeff\""},
    {"U+FFFF",                 "\"\xef\xbf\xbf\"",      "\"\\uffff\""},
    {"U+FFFD stays",           "\"\xef\xbf\xbd\"",      "\"\xef\xbf\xbd\""},
    {"four bytes stay",        "\"\xf0\x9f\x9a\x8c\"",  "\"\xf0\x9f\x9a\x8c\""},
};
static const struct text_case key_cases[] = {
    {"as it stands",                 "order_v1.updated", "order_v1.updated"},
    {"a blank",                      "a b",              "a-20b"},
    {"a hyphen",                     "to-do",            "to-do"},
    {"a hyphen like an escape",      "a-20b",            "a-2d20b"},
    {"a hyphen at the end",          "a-2",              "a-2"},
    {"beyond ASCII",                 "\xc3\xb6",         "-c3-b6"},
};
// clang-format on

static void writes_json(void **state)
{
    const struct text_case *c = *state;
    struct buffer out = {0};

    yaml_append_json(&out, span_of(c->text));
    assert_string_equal(out.ptr, c->expected);
    buffer_fini(&out);
}

static void writes_keys(void **state)
{
    const struct text_case *c = *state;
    struct buffer out = {0};

    yaml_append_key(&out, span_of(c->text));
    assert_string_equal(out.ptr, c->expected);
    buffer_fini(&out);
}

static void writes_lines(void **state)
{
    struct buffer out = {0};
    const struct yaml y = {&out, 2};

    (void)state;
    yaml_line(&y, 0, "a: %d", 1);
    yaml_line_with_key(&y, 2, "x.@: { $ref: y.@ }", "b c");
    yaml_line_with_text(&y, 4, "name", SPAN_LIT("\"%s\""));
    assert_string_equal(out.ptr,
                        "  a: 1\n    x.b-20c: { $ref: y.b-20c }\n      name: \"\\\"%s\\\"\"\n");
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(json_cases) + ARRAY_LEN(key_cases) + 1] = {
        cmocka_unit_test(writes_lines)};
    size_t count = 1;

    ADD_ROWS(tests, count, json_cases, writes_json);
    ADD_ROWS(tests, count, key_cases, writes_keys);
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
