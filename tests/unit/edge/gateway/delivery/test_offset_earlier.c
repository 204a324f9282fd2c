// The form of offsets of earlier versions, which edges of those still send.
#include "edge/gateway/delivery/offset_earlier.h"

#include "edge/gateway/delivery/offset.h"
#include "tests/unit/unit.h"

struct good_case {
    const char *name;
    const char *text;
    struct cut cut;
};

// clang-format off
static const struct good_case good[] = {
    {"one shard",              "1764194400000-812345", {1, {{1764194400000, 812345}}}},
    {"one shard, nothing yet", "0-0",                  {1, {{0, 0}}}},
    {"one shard, greatest",    "18446744073709551615-18446744073709551615", {1, {{UINT64_MAX, UINT64_MAX}}}},
    {"two shards, first newest",  "9-50_0.a",          {2, {{9, 50}, {9, 40}}}},
    {"two shards, last newest",   "9-50_1e.0",         {2, {{9, 0}, {9, 50}}}},
    {"two shards, nothing yet",   "0-0_0.0",           {2, {{0, 0}, {0, 0}}}},
    {"an older epoch",            "37-5_0.10-zz",      {2, {{37, 5}, {36, 1295}}}},
    {"an older epoch, more there", "37-5_10-zz.0",     {2, {{36, 1295}, {37, 5}}}},
    {"one shard without events",  "9-50_0.0-0.1",      {3, {{9, 50}, {0, 0}, {9, 49}}}},
    {"greatest of two",
     "18446744073709551615-18446744073709551615_0.3w5e11264sgsf",
     {2, {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 0}}}},
    {"sixteen shards", "1-15_f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0",
     {16, {{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7}, {1, 8}, {1, 9}, {1, 10},
           {1, 11}, {1, 12}, {1, 13}, {1, 14}, {1, 15}}}},
};
// clang-format on

static void is_understood(void **state)
{
    const struct good_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));
    struct cut cut;

    assert_true(offset_is_earlier(copy));
    assert_true(offset_parse_earlier(copy, c->cut.shards, &cut));
    assert_true(cut_eq(&cut, &c->cut));
    assert_true(offset_parse(copy, c->cut.shards, &cut));
    assert_true(cut_eq(&cut, &c->cut));
    free((void *)copy.ptr);
}

struct bad_case {
    const char *name;
    unsigned shards;
    const char *text;
};

// clang-format off
static const struct bad_case bad[] = {
    {"a dash alone",                1, "-"},
    {"no seq",                      1, "1-"},
    {"no epoch",                    1, "-1"},
    {"blank behind",                1, "1-2 "},
    {"over 64 bits",                1, "18446744073709551616-0"},
    {"of two shards, there is one", 1, "9-50_0.a"},
    {"underscore of one shard",     1, "9-50_"},
    {"of one shard, there are two", 2, "9-50"},
    {"nothing behind it",           2, "9-50_"},
    {"of one shard less",           2, "9-50_0"},
    {"of one shard more",           2, "9-50_0.1.2"},
    {"empty shard",                 2, "9-50_0."},
    {"dot behind",                  2, "9-50_0.1."},
    {"capital letter",              2, "9-50_0.A"},
    {"below nothing",               2, "9-50_0.1f"},
    {"one is above the greatest",   2, "9-50_0.a-1"},
    {"same epoch written out",      2, "9-50_0.9-1"},
    {"shard over 64 bits",          2, "9-50_0.3w5e11264sgsg"},
    {"epoch without a number",      2, "9-50_0.-1"},
    {"two dashes",                  2, "9-50_0.8-1-1"},
};
// clang-format on

static void is_refused(void **state)
{
    const struct bad_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));
    struct cut cut;

    assert_false(offset_parse_earlier(copy, c->shards, &cut));
    assert_false(offset_parse(copy, c->shards, &cut));
    free((void *)copy.ptr);
}

// What an edge prints is never taken for the earlier form.
static void is_not_what_is_printed(void **state)
{
    const struct cut cut = {3, {{1764194400000, 812345}, {1764194300000, 1}, {1764194400000, 9}}};
    char text[OFFSET_TEXT_MAX];
    size_t len = offset_print(&cut, text);

    (void)state;
    assert_false(offset_is_earlier((struct span){text, len}));
    assert_false(offset_is_earlier((struct span){0}));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good) + ARRAY_LEN(bad) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, good, is_understood);
    ADD_ROWS(tests, count, bad, is_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(is_not_what_is_printed);
    return cmocka_run_group_tests_name("offset_earlier", tests, NULL, NULL);
}
