#include "common/dotenv.h"

#include "tests/unit/unit.h"

struct good_case {
    const char *name;
    const char *text;
    const char *entries; // NAME<value> of each
};

// clang-format off
static const struct good_case good_cases[] = {
    {"empty file",                      "",                        ""},
    {"one",                             "A=1",                     "A<1>"},
    {"several",                         "A=1\nB=2\n",              "A<1>B<2>"},
    {"lines of another system",         "A=1\r\nB='2'\r\n",        "A<1>B<2>"},
    {"blank lines and comments",        "\n# x\n  # y=z\n\t\nA=1", "A<1>"},
    {"export",                          "export A=1",              "A<1>"},
    {"a name that begins with export",  "exported=1",              "exported<1>"},
    {"a name that is export",           "export=1",                "export<1>"},
    {"blanks around",                   " \tA = 1 \t",             "A<1>"},
    {"blanks inside",                   "A=1 2",                   "A<1 2>"},
    {"empty value",                     "A=",                      "A<>"},
    {"comment instead of a value",      "A= # later",              "A<>"},
    {"comment right behind the sign",   "A=#later",                "A<>"},
    {"comment behind the value",        "A=1 # one",               "A<1>"},
    {"# without a blank is no comment", "A=pass#word",             "A<pass#word>"},
    {"equals sign in the value",        "A=b=c",                   "A<b=c>"},
    {"double quotes",                   "A=\" 1 # 2 \"",           "A< 1 # 2 >"},
    {"single quotes",                   "A=' 1 \" \\n '",          "A< 1 \" \\n >"},
    {"empty quotes",                    "A=\"\"",                  "A<>"},
    {"escapes in double quotes",        "A=\"a\\nb\\\"c\\\\d\\$e\"", "A<a\nb\"c\\d$e>"},
    {"comment behind the quotes",       "A=\"1\" # one",           "A<1>"},
    {"quote inside a bare value",       "A=it's",                  "A<it's>"},
    {"a name that stands twice",        "A=1\nA=2",                "A<1>A<2>"},
    {"digits and _ in a name",          "_A1=1",                   "_A1<1>"},
};

#define NOT_AN_ASSIGNMENT "f, line 1: it is not NAME=value\n"
#define OPEN_QUOTE        "f, line 1: the closing quote is missing\n"
#define BEHIND_QUOTE      "f, line 1: there is something behind the closing quote\n"

struct bad_case {
    const char *name;
    const char *text;
    const char *errors;
};

static const struct bad_case bad_cases[] = {
    {"no sign",                     "JWT_SECRET hunter2",      NOT_AN_ASSIGNMENT},
    {"no name",                     "=1",                      NOT_AN_ASSIGNMENT},
    {"a name that begins with 1",   "1A=1",                    NOT_AN_ASSIGNMENT},
    {"dash in the name",            "A-B=1",                   NOT_AN_ASSIGNMENT},
    {"blank in the name",           "A B=1",                   NOT_AN_ASSIGNMENT},
    {"export alone",                "export A",                NOT_AN_ASSIGNMENT},
    {"double quote not closed",     "A=\"1",                   OPEN_QUOTE},
    {"single quote not closed",     "A='1",                    OPEN_QUOTE},
    {"quote over two lines",        "A=\"1\n#\"",              OPEN_QUOTE},
    {"escaped closing quote",       "A=\"1\\\"",               OPEN_QUOTE},
    {"backslash at the end",        "A=\"1\\",                 OPEN_QUOTE},
    {"text behind the quote",       "A=\"1\"2",                BEHIND_QUOTE},
    {"a right line behind a wrong one", "A\nB=1",             NOT_AN_ASSIGNMENT},
    {"every wrong line is named",   "A\nB=1\nC",
     "f, line 1: it is not NAME=value\nf, line 3: it is not NAME=value\n"},
};
// clang-format on

static void note_entry(const char *name, const char *value, void *arg)
{
    buffer_printf(arg, "%s<%s>", name, value);
}

static bool parse(struct span text, struct buffer *entries, struct buffer *errors)
{
    struct span copy = exact_copy(text);
    bool ok = dotenv_parse(copy, "f", note_entry, entries, errors);

    free((void *)copy.ptr);
    return ok;
}

static void reads(void **state)
{
    const struct good_case *c = *state;
    struct buffer entries = {0}, errors = {0};

    assert_true(parse(span_of(c->text), &entries, &errors));
    assert_span(buffer_span(&entries), c->entries);
    assert_int_equal(errors.len, 0);
    buffer_fini(&entries);
}

static void refuses(void **state)
{
    const struct bad_case *c = *state;
    struct buffer entries = {0}, errors = {0};

    assert_false(parse(span_of(c->text), &entries, &errors));
    assert_span(buffer_span(&errors), c->errors);
    buffer_fini(&entries);
    buffer_fini(&errors);
}

static void refuses_nul_bytes(void **state)
{
    struct buffer entries = {0}, errors = {0};

    (void)state;
    assert_false(parse(SPAN_LIT("A=1\0002"), &entries, &errors));
    assert_span(buffer_span(&errors), "f, line 1: it contains a NUL byte\n");
    assert_int_equal(entries.len, 0);
    buffer_fini(&errors);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + 1] = {
        cmocka_unit_test(refuses_nul_bytes),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, good_cases, reads);
    ADD_ROWS(tests, count, bad_cases, refuses);
    return cmocka_run_group_tests_name("dotenv", tests, NULL, NULL);
}
