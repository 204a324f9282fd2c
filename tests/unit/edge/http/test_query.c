#include "edge/http/query.h"

#include "tests/unit/unit.h"

struct find_row {
    const char *name;
    struct span query;
    const char *value; // of "sid"; NULL: there is none
};

static const struct find_row finds[] = {
    {"alone", SPAN_INIT("sid=x"), "x"},
    {"first", SPAN_INIT("sid=x&a=1"), "x"},
    {"last", SPAN_INIT("a=1&sid=x"), "x"},
    {"in the middle", SPAN_INIT("EIO=4&sid=x&t=1"), "x"},
    {"empty value", SPAN_INIT("sid=&a=1"), ""},
    {"empty value at the end", SPAN_INIT("a=1&sid="), ""},
    {"no equals sign", SPAN_INIT("sid&a=1"), ""},
    {"no equals sign at the end", SPAN_INIT("a=1&sid"), ""},
    {"equals sign in the value", SPAN_INIT("sid=a=b"), "a=b"},
    {"doubled: the first counts", SPAN_INIT("sid=x&sid=y"), "x"},
    {"empty parameters between", SPAN_INIT("&&sid=x&&"), "x"},
    {"not decoded", SPAN_INIT("sid=%41+%zz"), "%41+%zz"},
    {"NUL in the value", SPAN_INIT("a=\0&sid=x"), "x"},

    {"nothing", SPAN_INIT(""), NULL},
    {"no query at all", {NULL, 0}, NULL},
    {"another", SPAN_INIT("a=1"), NULL},
    {"longer name", SPAN_INIT("sid2=x"), NULL},
    {"shorter name", SPAN_INIT("si=x"), NULL},
    {"other case", SPAN_INIT("SID=x"), NULL},
    {"name encoded", SPAN_INIT("%73id=x"), NULL},
    {"within a value", SPAN_INIT("a=sid=x"), NULL},
    {"without a name", SPAN_INIT("=x"), NULL},
    {"semicolons separate nothing", SPAN_INIT("a=1;sid=x"), NULL},
};

static void finds_a_parameter(void **state)
{
    const struct find_row *row = *state;
    struct span query = row->query.ptr ? exact_copy(row->query) : row->query;
    struct span value = {NULL, 0};

    assert_int_equal(query_find(query, "sid", &value), row->value != NULL);
    assert_int_equal(value.ptr != NULL, row->value != NULL);
    assert_span(value, row->value);
    free((void *)query.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(finds)];
    size_t count = 0;

    ADD_ROWS(tests, count, finds, finds_a_parameter);
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
