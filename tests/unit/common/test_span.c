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

struct number_case {
    const char *name;
    const char *in;
    uint64_t max;
    bool taken;
    uint64_t number;
    const char *rest;
};

static const struct number_case number_cases[] = {
    {"digits alone", "42", 100, true, 42, ""},
    {"what follows stays", "42-", 100, true, 42, "-"},
    {"leading zeros", "007", 7, true, 7, ""},
    {"the greatest of all", "18446744073709551615", UINT64_MAX, true, UINT64_MAX, ""},
    {"one beyond the greatest of all", "18446744073709551616", UINT64_MAX, false, 0, NULL},
    {"the most that is allowed", "7", 7, true, 7, ""},
    {"one digit beyond it", "8", 7, false, 0, NULL},
    {"two digits beyond it", "70", 7, false, 0, NULL},
    {"zero alone is allowed", "0", 0, true, 0, ""},
    {"no digit", "x", 100, false, 0, NULL},
    {"a sign is no digit", "-1", 100, false, 0, NULL},
    {"nothing", "", 100, false, 0, NULL},
};

static void takes_numbers(void **state)
{
    const struct number_case *c = *state;
    struct span copy = exact_copy(span_of(c->in)), rest = copy;
    uint64_t number;

    assert_int_equal(span_take_uint(&rest, c->max, &number), c->taken);
    if (c->taken) {
        assert_true(number == c->number);
        assert_span(rest, c->rest);
    }
    free((void *)copy.ptr);
}

struct kind_case {
    const char *name;
    const char *text;
    bool control, visible;
};

static const struct kind_case kind_cases[] = {
    {"kind: letters", "azAZ09!~", false, true},
    {"kind: nothing", "", false, true},
    {"kind: a space", "a b", false, false},
    {"kind: a tab", "a\tb", true, false},
    {"kind: 0x1f", "\x1f", true, false},
    {"kind: 0x7f", "\x7f", true, false},
    {"kind: beyond ASCII", "\xc3\xa9", false, false},
};

static void knows_kinds(void **state)
{
    const struct kind_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));

    assert_int_equal(span_has_control(copy), c->control);
    assert_int_equal(span_is_visible(copy), c->visible);
    free((void *)copy.ptr);
}

static void stores_texts_behind_one_another(void **state)
{
    char room[5] = "", *at = room;

    (void)state;
    struct span one = span_store(&at, SPAN_LIT("abc")), none = span_store(&at, (struct span){0});
    struct span other = span_store(&at, SPAN_LIT("de"));
    assert_span(one, "abc");
    assert_span(none, "");
    assert_span(other, "de");
    assert_ptr_equal(other.ptr, one.ptr + 3);
    assert_ptr_equal(at, room + sizeof(room));
}

struct before_case {
    const char *name;
    const char *in, *mark;
    const char *before, *rest; // NULL: it is not there
};

static const struct before_case before_cases[] = {
    {"in the middle", "a, b, c", ", ", "a", "b, c"},
    {"in front", "::a", "::", "", "a"},
    {"at the end", "a::", "::", "a", ""},
    {"the mark alone", "::", "::", "", ""},
    {"half of it before it", "a:::b", "::", "a", ":b"},
    {"not there", "a:b:", "::", NULL, "a:b:"},
    {"longer than the text", ":", "::", NULL, ":"},
    {"in nothing", "", "::", NULL, ""},
};

static void takes_what_is_before(void **state)
{
    const struct before_case *c = *state;
    struct span copy = exact_copy(span_of(c->in)), rest = copy, before = SPAN_INIT("untouched");

    assert_int_equal(span_take_before(&rest, span_of(c->mark), &before), c->before != NULL);
    assert_span(before, c->before ? c->before : "untouched");
    assert_span(rest, c->rest);
    free((void *)copy.ptr);
}

static void no_text_has_a_mark(void **state)
{
    struct span rest = {0}, before;

    (void)state;
    assert_false(span_take_before(&rest, SPAN_LIT("a"), &before));
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
    struct CMUnitTest tests[ARRAY_LEN(nocase_cases) + ARRAY_LEN(split_cases) +
                            ARRAY_LEN(trim_cases) + ARRAY_LEN(number_cases) +
                            ARRAY_LEN(kind_cases) + ARRAY_LEN(before_cases) + 5] = {
        cmocka_unit_test(no_text_has_a_mark),
        cmocka_unit_test(knows_prefixes),
        cmocka_unit_test(null_is_empty),
        cmocka_unit_test(duplicates_with_nul),
        cmocka_unit_test(stores_texts_behind_one_another),
    };
    size_t count = 5;

    ADD_ROWS(tests, count, nocase_cases, compares_without_case);
    ADD_ROWS(tests, count, split_cases, splits);
    ADD_ROWS(tests, count, before_cases, takes_what_is_before);
    ADD_ROWS(tests, count, trim_cases, trims);
    ADD_ROWS(tests, count, number_cases, takes_numbers);
    ADD_ROWS(tests, count, kind_cases, knows_kinds);
    return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
