#include "edge/http/cookie.h"

#include "tests/unit/unit.h"

struct cookie_row {
    const char *name;
    struct span header;
    const char *value; // of "token"; NULL: there is none
};

// clang-format off
static const struct cookie_row rows[] = {
    {"alone", SPAN_INIT("token=x"), "x"},
    {"first", SPAN_INIT("token=x; a=1"), "x"},
    {"last", SPAN_INIT("a=1; token=x"), "x"},
    {"no blank between", SPAN_INIT("a=1;token=x;b=2"), "x"},
    {"blanks and tabs around", SPAN_INIT("a=1; \t token \t=\t x \t; b=2"), "x"},
    {"several: the first counts", SPAN_INIT("token=x; token=y"), "x"},
    {"several: the first is empty", SPAN_INIT("token=; token=y"), ""},
    {"equals signs in the value", SPAN_INIT("token=a=b=="), "a=b=="},
    {"quoted", SPAN_INIT("a=\"1\"; token=\"x\""), "x"},
    {"quoted and empty", SPAN_INIT("token=\"\""), ""},
    {"a quote before it", SPAN_INIT("token=\"x"), "\"x"},
    {"a quote behind it", SPAN_INIT("token=x\""), "x\""},
    {"one quote", SPAN_INIT("token=\""), "\""},
    {"quotes within quotes", SPAN_INIT("token=\"\"x\"\""), "\"x\""},
    {"a semicolon between quotes", SPAN_INIT("token=\"x;y\""), "\"x"},
    {"a cookie between the quotes of another", SPAN_INIT("a=\"1; token=x; b=2\""), "x"},
    {"not decoded", SPAN_INIT("token=%41+%zz"), "%41+%zz"},
    {"empty cookies between", SPAN_INIT(";; ; token=x;;"), "x"},
    {"a NUL before it", SPAN_INIT("a=\0; token=x"), "x"},
    {"nothing", SPAN_INIT(""), NULL},
    {"no cookie", SPAN_INIT("a=1; b=token"), NULL},
    {"no equals sign", SPAN_INIT("token; a=1"), NULL},
    {"no equals sign, then one", SPAN_INIT("token; token=x"), "x"},
    {"no name", SPAN_INIT("=token; =x"), NULL},
    {"another case", SPAN_INIT("Token=x; TOKEN=y"), NULL},
    {"a longer name", SPAN_INIT("token2=x; atoken=y; __Host-token=z"), NULL},
    {"the name as a value", SPAN_INIT("a=token=x"), NULL},
    {"a comma separates nothing", SPAN_INIT("a=1, token=x"), NULL},
    {"attributes of Set-Cookie are cookies", SPAN_INIT("a=1; Path=/; token=x"), "x"},
};
// clang-format on

static void finds(void **state)
{
    const struct cookie_row *row = *state;
    struct span exact = exact_copy(row->header), value = {0};
    bool found = cookie_find(exact, "token", &value);

    assert_int_equal(found, row->value != NULL);
    if (row->value)
        assert_span(value, row->value);
    free((char *)exact.ptr);
}

static void names(void **state)
{
    static const char *const wrong[] = {"",    " ",     "a b",  "a=b", "a;b",
                                        "a,b", "\"a\"", "a\tb", "a/b", "\xc3\xa9"};
    static const char *const right[] = {"token", "__Host-session", "connect.sid", "a_b!~|"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(cookie_is_name(span_of(wrong[i])));
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_true(cookie_is_name(span_of(right[i])));
}

static void no_header(void **state)
{
    struct span value;

    (void)state;
    assert_false(cookie_find((struct span){0}, "token", &value));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, finds);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(names);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(no_header);
    return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
