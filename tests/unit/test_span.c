#include "common/span.h"

#include "tests/unit/unit.h"

struct nocase_case {
    const char *name;
    const char *a, *b;
    bool equal;
};

static const struct nocase_case nocase_cases[] = {
    {"same", "Upgrade", "Upgrade", true},
    {"other case", "upGRADE", "UPgrade", true},
    {"other letter", "upgradf", "upgrade", false},
    {"longer", "upgrades", "upgrade", false},
    {"both empty", "", "", true},
    {"@ and ` differ though 0x20 apart", "@", "`", false},
    {"[ and { differ though 0x20 apart", "[", "{", false},
};

static void compares_without_case(void **state)
{
    const struct nocase_case *c = *state;

    assert_int_equal(span_eq_nocase(span_of(c->a), span_of(c->b)), c->equal);
}

struct split_case {
    const char *name;
    const char *in;
    const char *parts[5]; // NULL behind the last one
};

static const struct split_case split_cases[] = {
    {"three", "a,b,c", {"a", "b", "c"}},
    {"one", "abc", {"abc"}},
    {"empty text is one empty part", "", {""}},
    {"ends with the separator", "a,", {"a", ""}},
    {"begins with the separator", ",a", {"", "a"}},
    {"separators alone", ",,", {"", "", ""}},
};

static void splits(void **state)
{
    const struct split_case *c = *state;
    struct span copy = exact_copy(span_of(c->in)), rest = copy, part;
    size_t i = 0;

    for (; c->parts[i]; i++) {
        assert_true(span_take_until(&rest, ',', &part));
        assert_span(part, c->parts[i]);
    }
    assert_false(span_take_until(&rest, ',', &part));
    free((void *)copy.ptr);
}

struct trim_case {
    const char *name;
    const char *in, *out;
};

static const struct trim_case trim_cases[] = {
    {"nothing to do", "a b", "a b"},
    {"both ends", " \ta b\t ", "a b"},
    {"blanks alone", " \t ", ""},
    {"empty", "", ""},
    {"a line end is no blank", "a\n", "a\n"},
};

static void trims(void **state)
{
    const struct trim_case *c = *state;
    struct span copy = exact_copy(span_of(c->in));

    assert_span(span_trim(copy), c->out);
    free((void *)copy.ptr);
}

static void knows_prefixes(void **state)
{
    (void)state;
    assert_true(span_starts_with(SPAN_LIT("user:1"), SPAN_LIT("user:")));
    assert_true(span_starts_with(SPAN_LIT("a"), SPAN_LIT("")));
    assert_false(span_starts_with(SPAN_LIT("us"), SPAN_LIT("user:")));
    assert_false(span_starts_with(SPAN_LIT("User:1"), SPAN_LIT("user:")));
}

static void null_is_empty(void **state)
{
    (void)state;
    assert_int_equal(span_of(NULL).len, 0);
    assert_true(span_is(span_of(NULL), ""));
    assert_true(span_eq((struct span){0}, SPAN_LIT("")));
}

static void duplicates_with_nul(void **state)
{
    struct span abc = exact_copy(SPAN_LIT("abc"));
    char *copy = span_dup(abc), *empty = span_dup((struct span){0});

    (void)state;
    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
    free((void *)abc.ptr);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(nocase_cases) + ARRAY_LEN(split_cases) + ARRAY_LEN(trim_cases) + 3] = {
            cmocka_unit_test(knows_prefixes),
            cmocka_unit_test(null_is_empty),
            cmocka_unit_test(duplicates_with_nul),
        };
    size_t count = 3;

    ADD_ROWS(tests, count, nocase_cases, compares_without_case);
    ADD_ROWS(tests, count, split_cases, splits);
    ADD_ROWS(tests, count, trim_cases, trims);
    return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
