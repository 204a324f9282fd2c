#include "common/json_view.h"

#include "common/buffer.h"
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

// clang-format off
static const struct good_case good_cases[] = {
    {"null", "null", JSON_KIND_NULL, NULL},
    {"true", "true", JSON_KIND_BOOL, NULL},
    {"false", "false", JSON_KIND_BOOL, NULL},
    {"false in blanks", " \t\r\n false \n", JSON_KIND_BOOL, "false"},
    {"zero", "0", JSON_KIND_NUMBER, NULL},
    {"negative zero", "-0", JSON_KIND_NUMBER, NULL},
    {"number in blanks", " \t\r\n7 \t\r\n", JSON_KIND_NUMBER, "7"},
    {"number in full", "-12.50e+3", JSON_KIND_NUMBER, NULL},
    {"integer over 64 bits", "123456789012345678901234567890", JSON_KIND_NUMBER, NULL},
    {"real with exponent", "-12.50e+308", JSON_KIND_NUMBER, NULL},
    {"real beyond double", "1E400", JSON_KIND_NUMBER, NULL},
    {"empty string", "\"\"", JSON_KIND_STRING, NULL},
    {"string with a quote", "\"a\\\"b\"", JSON_KIND_STRING, NULL},
    {"string that ends in a backslash", "\"a\\\\\"", JSON_KIND_STRING, NULL},
    {"all escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", JSON_KIND_STRING, NULL},
    {"half a surrogate pair", "\"\\ud800\"", JSON_KIND_STRING, NULL},
    {"escaped NUL", "\"\\u0000\"", JSON_KIND_STRING, NULL},
    {"UTF-8", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"", JSON_KIND_STRING, NULL},
    {"DEL stands for itself", "\"\x7f\"", JSON_KIND_STRING, NULL},
    {"empty array", "[]", JSON_KIND_ARRAY, NULL},
    {"empty array with a blank", "[ ]", JSON_KIND_ARRAY, NULL},
    {"empty object", "{}", JSON_KIND_OBJECT, NULL},
    {"empty object with a line feed", "{\n}", JSON_KIND_OBJECT, NULL},
    {"array", "[1, \"a\", [], {}]", JSON_KIND_ARRAY, NULL},
    {"object", "{\"a\":{\"b\":[{}]} , \"c\" : 1}", JSON_KIND_OBJECT, NULL},
    {"blanks inside", "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", JSON_KIND_OBJECT, NULL},
    {"names twice", "{\"a\":1,\"a\":2}", JSON_KIND_OBJECT, NULL},
    {"256 deep", DEEP_256 CLOSE_256, JSON_KIND_ARRAY, NULL},
};
// clang-format on

static void accepts(void **state)
{
    const struct good_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    struct json_view view;

    assert_true(json_check(text, JSON_DEPTH_MAX, NULL, NULL));
    assert_true(json_view_parse(text, JSON_DEPTH_MAX, &view, NULL));
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

#define CHARACTER "unexpected character"
#define NUMBER    "invalid number"
#define ESCAPE    "invalid escape in a string"
#define UTF8      "invalid UTF-8"
#define CONTROL   "control character in a string"
#define ARRAY     "a comma or ] must follow"
#define OBJECT    "a comma or } must follow"
#define NAME      "a member name in quotes must follow"
#define COLON     "a colon must follow"
#define BEHIND    "more behind the end of the value"

// clang-format off
static const struct bad_case bad_cases[] = {
    {"nothing", "", 0, "unexpected end"},
    {"blanks", "  ", 2, "unexpected end"},
    {"two values", "1 2", 2, BEHIND},
    {"comma behind", "1,2", 1, BEHIND},
    {"letter behind an array", "[1]x", 3, BEHIND},
    {"two arrays", "[][]", 2, BEHIND},
    {"byte order mark", "\xef\xbb\xbf{}", 0, CHARACTER},
    {"word cut short", "tru", 0, CHARACTER},
    {"unknown word", "undefined", 0, CHARACTER},
    {"NaN", "NaN", 0, CHARACTER},
    {"single quotes", "'a'", 0, CHARACTER},
    {"leading zero", "01", 1, BEHIND},
    {"plus sign", "+1", 0, CHARACTER},
    {"minus alone", "-", 1, NUMBER},
    {"no digits before the point", ".5", 0, CHARACTER},
    {"point without digits", "1.", 2, NUMBER},
    {"exponent without digits", "1e", 2, NUMBER},
    {"exponent of a sign", "1e+", 3, NUMBER},
    {"exponent of a minus", "1e-", 3, NUMBER},
    {"string without end", "\"abc", 4, "string without end"},
    {"string whose quote is escaped", "\"a\\\"", 4, "string without end"},
    {"string ends in an escape", "\"\\", 2, ESCAPE},
    {"string ends in an escape behind a letter", "\"a\\", 3, ESCAPE},
    {"unknown escape", "\"\\x41\"", 2, ESCAPE},
    {"short unicode escape", "\"\\u12\"", 5, ESCAPE},
    {"cut unicode escape", "\"\\u12", 5, ESCAPE},
    {"unicode escape of three digits", "\"\\u123\"", 6, ESCAPE},
    {"unicode escape with a letter", "\"\\u12g4\"", 5, ESCAPE},
    {"line feed in a string", "\"a\nb\"", 2, CONTROL},
    {"record separator in a string", "\"\x1e\"", 1, CONTROL},
    {"last control character in a string", "\"a\x1f\"", 2, CONTROL},
    {"lone continuation byte", "\"\x80\"", 1, UTF8},
    {"byte that never is", "\"\xe2\x82\xac\xff\"", 4, UTF8},
    {"overlong form", "\"\xc0\xaf\"", 1, UTF8},
    {"surrogate in UTF-8", "\"\xed\xa0\x80\"", 1, UTF8},
    {"above U+10FFFF", "\"\xf4\x90\x80\x80\"", 1, UTF8},
    {"character cut short", "\"\xe2\x82\"", 1, UTF8},
    {"character cut by the end", "\"\xe2\x82", 1, UTF8},
    {"no UTF-8 in a name", "{\"a\xff\":1}", 3, UTF8},
    {"open array", "[", 1, "unexpected end"},
    {"open array with an element", "[1", 2, ARRAY},
    {"trailing comma in an array", "[1,]", 3, CHARACTER},
    {"leading comma in an array", "[,1]", 1, CHARACTER},
    {"no comma in an array", "[1 2]", 3, ARRAY},
    {"wrong bracket", "[1}", 2, ARRAY},
    {"wrong bracket of an empty array", "[}", 1, CHARACTER},
    {"closing bracket alone", "]", 0, CHARACTER},
    {"open object", "{\"a\":1", 6, OBJECT},
    {"trailing comma in an object", "{\"a\":1,}", 7, NAME},
    {"wrong brace", "{\"a\":1]", 6, OBJECT},
    {"name without quotes", "{a:1}", 1, NAME},
    {"name that is a number", "{1:1}", 1, NAME},
    {"no colon", "{\"a\" 1}", 5, COLON},
    {"name alone", "{\"a\"}", 4, COLON},
    {"no value", "{\"a\":}", 5, CHARACTER},
    {"comment", "{/**/}", 1, NAME},
    {"comment before a value", "/**/1", 0, CHARACTER},
    {"257 deep", "[" DEEP_256 CLOSE_256 "]", 256, "nested too deep"},
};
// clang-format on

static void refuses(void **state)
{
    const struct bad_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    struct json_fault fault = {0};
    struct json_view view;

    assert_false(json_view_parse(text, JSON_DEPTH_MAX, &view, &fault));
    assert_string_equal(fault.reason, c->reason);
    assert_int_equal(fault.offset, c->offset);
    assert_false(json_check(text, JSON_DEPTH_MAX, NULL, NULL));
    free((void *)text.ptr);
}

static void refuses_nul_bytes(void **state)
{
    (void)state;
    struct json_fault fault;

    assert_false(json_check(SPAN_LIT("\"a\0\""), 0, NULL, &fault));
    assert_string_equal(fault.reason, CONTROL);
    assert_false(json_check(SPAN_LIT("\"\\\0\""), 0, NULL, &fault));
    assert_string_equal(fault.reason, ESCAPE);
    assert_false(json_check(SPAN_LIT("1\0"), 0, NULL, &fault));
    assert_string_equal(fault.reason, BEHIND);
}

struct depth_case {
    const char *name;
    const char *text;
    size_t depth;
};

// Each is allowed at its depth and refused at one less.
static const struct depth_case depth_cases[] = {
    {"an empty array", "[]", 1},
    {"an empty object", "{}", 1},
    {"an array", "[1,2]", 1},
    {"arrays", "[[[[1]]]]", 4},
    {"arrays and objects", "[{\"a\":[{}]}]", 4},
    {"the last of several", "[1,[[]],[[[[]]]]]", 5},
    {"a member's value", "{\"a\":{\"b\":1},\"c\":{\"d\":[1]}}", 3},
    {"more beside than deep", "[[],[],[],[[],[]],{\"a\":{}},{\"a\":{},\"b\":[]}]", 3},
    {"64", DEEP_64 CLOSE_64, 64},
    {"65", "[" DEEP_64 CLOSE_64 "]", 65},
};

static void limits_depth(void **state)
{
    const struct depth_case *c = *state;
    struct json_fault fault;

    assert_true(json_check(span_of(c->text), c->depth, NULL, NULL));
    assert_true(json_check(span_of(c->text), c->depth + 1, NULL, NULL));
    assert_false(json_check(span_of(c->text), c->depth - 1, NULL, &fault));
    assert_string_equal(fault.reason, "nested too deep");
}

static void plain_values_have_no_depth(void **state)
{
    (void)state;
    assert_true(json_check(SPAN_LIT("1"), 0, NULL, NULL));
    assert_true(json_check(SPAN_LIT("\"[{\""), 0, NULL, NULL));
}

static void walks_members(void **state)
{
    static const char text[] = " { \"a\" : [1,{\"b\":2}] ,\"c\":\"x,}\", \"\":null } ";
    static const char *const expected[][2] = {
        {"a", "[1,{\"b\":2}]"}, {"c", "\"x,}\""}, {"", "null"}};
    struct json_view object, value;
    struct json_walk walk;
    struct span name;

    (void)state;
    assert_true(json_view_parse(span_of(text), JSON_DEPTH_MAX, &object, NULL));
    walk = json_walk_into(object);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_true(json_walk_member(&walk, &name, &value));
        assert_span(name, expected[i][0]);
        assert_span(value.raw, expected[i][1]);
    }
    assert_false(json_walk_member(&walk, &name, &value));
    assert_false(json_walk_member(&walk, &name, &value)); // and stays at the end
}

struct elements_case {
    const char *name;
    const char *text;
    const char *elements[4];
};

static const struct elements_case elements_cases[] = {
    {"no elements", "[]", {0}},
    {"no elements but blanks", " [ ] ", {0}},
    {"one element", "[1]", {"1"}},
    {"several kinds", "[ \"a,]\" , [1,2],{\"b\":3} ]", {"\"a,]\"", "[1,2]", "{\"b\":3}"}},
    {"brackets in strings", "[ 1 ,[2],{\"a\":3} , \"]\" ]", {"1", "[2]", "{\"a\":3}", "\"]\""}},
    {"brackets in deeper strings",
     "[{\"}\":\"]\"},[\"[\\\"]\"]]",
     {"{\"}\":\"]\"}", "[\"[\\\"]\"]"}},
    {"backslashes before quotes", "[\"\\\\\",\"\\\\\\\"\"]", {"\"\\\\\"", "\"\\\\\\\"\""}},
    {"words and numbers", "[true,-1.5e3 ,null\n]", {"true", "-1.5e3", "null"}},
    {"empty containers", "[[],{},\"\"]", {"[]", "{}", "\"\""}},
    {"deep element", "[[[[1]]]]", {"[[[1]]]"}},
};

static size_t count_of(const struct elements_case *c)
{
    size_t count = 0;

    while (count < ARRAY_LEN(c->elements) && c->elements[count])
        count++;
    return count;
}

static void assert_elements(struct json_walk walk, const struct elements_case *c)
{
    struct json_view value;
    size_t count = 0;

    while (json_walk_element(&walk, &value)) {
        assert_true(count < count_of(c));
        assert_span(value.raw, c->elements[count++]);
    }
    assert_int_equal(count, count_of(c));
    assert_false(json_walk_element(&walk, &value)); // and stays at the end
}

static void walks_elements(void **state)
{
    const struct elements_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    struct json_view array;
    size_t count = 99;

    assert_true(json_check(text, JSON_DEPTH_MAX, &count, NULL));
    assert_int_equal(count, count_of(c));
    array = json_view_of(text);
    assert_elements(json_walk_into(array), c);
    assert_elements(json_walk_over((struct span){array.raw.ptr + 1, array.raw.len - 2}), c);
    free((void *)text.ptr);
}

static void counts_the_outermost(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {{"1", 0},
                {"\"a,b\"", 0},
                {"{}", 0},
                {"{\"a\":[1,2]}", 1},
                {"{\"a\":1,\"a\":2}", 2},
                {"[[1,2,3],{\"a\":1,\"b\":2},4]", 3}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t count = 99;
        assert_true(json_check(span_of(rows[i].text), 2, &count, NULL));
        assert_int_equal(count, rows[i].count);
    }
}

static void tells_what_is_left(void **state)
{
    struct json_walk walk = json_walk_over(SPAN_LIT(" 1 , [2, 3] ,\"a\" "));
    struct json_view value;

    (void)state;
    assert_span(json_walk_rest(&walk), "1 , [2, 3] ,\"a\"");
    assert_true(json_walk_element(&walk, &value));
    assert_span(json_walk_rest(&walk), "[2, 3] ,\"a\"");
    assert_true(json_walk_element(&walk, &value));
    assert_true(json_walk_element(&walk, &value));
    assert_span(value.raw, "\"a\""); // asking has taken nothing
    assert_span(json_walk_rest(&walk), "");
}

static void walks_over_nothing(void **state)
{
    struct json_walk walk = json_walk_over((struct span){0});
    struct json_view value;
    struct span name;

    (void)state;
    assert_false(json_walk_element(&walk, &value));
    assert_false(json_walk_member(&walk, &name, &value));
    assert_false(json_walk_deep(&walk, &name, &value));
    assert_int_equal(json_walk_rest(&walk).len, 0);
}

struct deep_case {
    const char *name;
    const char *text;
    const char *seen; // <name>=<kind><raw>, with ; behind each
};

static const struct deep_case deep_cases[] = {
    {"a plain value", " 12 ", "3 12;"},
    {"a string", "\"a:b\"", "4 \"a:b\";"},
    {"an empty array", "[ ]", "5 [;0 ];"},
    {"elements", "[1 , \"a\",null]", "5 [;3 1;4 \"a\";1 null;0 ];"},
    {"members", "{ \"a\" : 1,\"b\":\"c\" }", "6 {;a=3 1;b=4 \"c\";0 };"},
    {"an empty name", "{\"\":true}", "6 {;=2 true;0 };"},
    {"a name with an escape", "{\"\\\"\":[]}", "6 {;\\\"=5 [;0 ];0 };"},
    {"all depths", "[[{\"a\":[{}],\"b\":{\"c\":2}}],3]",
     "5 [;5 [;6 {;a=5 [;6 {;0 };0 ];b=6 {;c=3 2;0 };0 };0 ];3 3;0 ];"},
};

static void walks_deep(void **state)
{
    const struct deep_case *c = *state;
    struct span text = exact_copy(span_of(c->text)), name;
    struct buffer seen = {0};
    struct json_view whole, value;

    assert_true(json_view_parse(text, JSON_DEPTH_MAX, &whole, NULL));
    struct json_walk walk = json_walk_over(whole.raw);
    while (json_walk_deep(&walk, &name, &value)) {
        if (name.ptr)
            buffer_printf(&seen, SPAN_FMT "=", SPAN_ARG(name));
        buffer_printf(&seen, "%d " SPAN_FMT ";", (int)value.kind, SPAN_ARG(value.raw));
    }
    assert_span(buffer_span(&seen), c->seen);
    buffer_fini(&seen);
    free((void *)text.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + ARRAY_LEN(depth_cases) +
                            ARRAY_LEN(elements_cases) + ARRAY_LEN(deep_cases) + 6];
    size_t count = 0;

    ADD_ROWS(tests, count, good_cases, accepts);
    ADD_ROWS(tests, count, bad_cases, refuses);
    ADD_ROWS(tests, count, depth_cases, limits_depth);
    ADD_ROWS(tests, count, elements_cases, walks_elements);
    ADD_ROWS(tests, count, deep_cases, walks_deep);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(refuses_nul_bytes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(plain_values_have_no_depth);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(walks_members);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(walks_over_nothing);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(counts_the_outermost);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tells_what_is_left);
    return cmocka_run_group_tests_name("json_view", tests, NULL, NULL);
}
