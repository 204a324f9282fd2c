#include "common/percent.h"

#include "tests/unit/unit.h"

struct decode_row {
    const char *name;
    struct span text;
    const char *decoded; // NULL: refused
    bool is_path;        // else it is a form
};

static const struct decode_row decodes[] = {
    {"nothing", SPAN_INIT(""), "", false},
    {"plain", SPAN_INIT("aZ09-_.~!"), "aZ09-_.~!", false},
    {"escapes", SPAN_INIT("%41%7a%2F"), "Az/", false},
    {"letters of both cases", SPAN_INIT("%c3%A9"), "\xc3\xa9", false},
    {"plus", SPAN_INIT("a+b+"), "a b ", false},
    {"plus in a path", SPAN_INIT("a+b+"), "a+b+", true},
    {"plus escaped", SPAN_INIT("a%2Bb"), "a+b", false},
    {"percent escaped once", SPAN_INIT("%2541"), "%41", false},
    {"highest byte", SPAN_INIT("%ff"), "\xff", false},
    {"lowest byte", SPAN_INIT("%01"), "\x01", false},
    {"byte of a round number", SPAN_INIT("%10"), "\x10", false},

    {"NUL", SPAN_INIT("a%00b"), NULL, false},
    {"percent alone", SPAN_INIT("%"), NULL, false},
    {"percent at the end", SPAN_INIT("abc%"), NULL, false},
    {"one digit", SPAN_INIT("%4"), NULL, false},
    {"no digits", SPAN_INIT("%zz"), NULL, false},
    {"first is no digit", SPAN_INIT("%g0"), NULL, false},
    {"second is no digit", SPAN_INIT("%0g"), NULL, false},
    {"signed", SPAN_INIT("%-1"), NULL, false},
    {"prefixed", SPAN_INIT("%0x41"), NULL, false},
    {"two percents", SPAN_INIT("%%41"), NULL, false},
};

static void decodes_percents(void **state)
{
    const struct decode_row *row = *state;
    struct span text = exact_copy(row->text);
    struct buffer out = {0};

    buffer_append_char(&out, '<');
    assert_int_equal(percent_decode(text, !row->is_path, &out), row->decoded != NULL);
    if (row->decoded)
        assert_span(span_skip(buffer_span(&out), 1), row->decoded);
    buffer_fini(&out);
    free((void *)text.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(decodes)];
    size_t count = 0;

    ADD_ROWS(tests, count, decodes, decodes_percents);
    return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
