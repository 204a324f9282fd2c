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

struct decode_row {
    const char *name;
    struct span text;
    const char *decoded; // NULL: refused
};

static const struct decode_row decodes[] = {
    {"nothing", SPAN_INIT(""), ""},
    {"plain", SPAN_INIT("aZ09-_.~!"), "aZ09-_.~!"},
    {"escapes", SPAN_INIT("%41%7a%2F"), "Az/"},
    {"letters of both cases", SPAN_INIT("%c3%A9"), "\xc3\xa9"},
    {"plus", SPAN_INIT("a+b+"), "a b "},
    {"plus escaped", SPAN_INIT("a%2Bb"), "a+b"},
    {"percent escaped once", SPAN_INIT("%2541"), "%41"},
    {"highest byte", SPAN_INIT("%ff"), "\xff"},
    {"lowest byte", SPAN_INIT("%01"), "\x01"},
    {"byte of a round number", SPAN_INIT("%10"), "\x10"},

    {"NUL", SPAN_INIT("a%00b"), NULL},
    {"percent alone", SPAN_INIT("%"), NULL},
    {"percent at the end", SPAN_INIT("abc%"), NULL},
    {"one digit", SPAN_INIT("%4"), NULL},
    {"no digits", SPAN_INIT("%zz"), NULL},
    {"first is no digit", SPAN_INIT("%g0"), NULL},
    {"second is no digit", SPAN_INIT("%0g"), NULL},
    {"signed", SPAN_INIT("%-1"), NULL},
    {"prefixed", SPAN_INIT("%0x41"), NULL},
    {"two percents", SPAN_INIT("%%41"), NULL},
};

static void decodes_percents(void **state)
{
    const struct decode_row *row = *state;
    struct span text = exact_copy(row->text);
    struct buffer out = {0};

    buffer_append_char(&out, '<');
    assert_int_equal(percent_decode(text, &out), row->decoded != NULL);
    if (row->decoded)
        assert_span(span_skip(buffer_span(&out), 1), row->decoded);
    buffer_fini(&out);
    free((void *)text.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(finds) + ARRAY_LEN(decodes)];
    size_t count = 0;

    ADD_ROWS(tests, count, finds, finds_a_parameter);
    ADD_ROWS(tests, count, decodes, decodes_percents);
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
