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

static void is_there_and_back(void **state)
{
    const struct good_case *c = *state;
    struct span copy = exact_copy(span_of(c->text));
    char text[OFFSET_TEXT_MAX];
    struct cut cut;

    assert_int_equal(offset_print(&c->cut, text), strlen(c->text));
    assert_string_equal(text, c->text);
    assert_true(offset_parse(copy, c->cut.shards, &cut));
    for (unsigned i = 0; i < c->cut.shards; i++)
        assert_int_equal(position_compare(cut.at[i], c->cut.at[i]), 0);
    free((void *)copy.ptr);
}

// Cuts by chance, some of whose shards are of older epochs.
static struct cut any_cut(unsigned shards, uint32_t *random)
{
    struct cut cut = {.shards = shards};

    for (unsigned i = 0; i < shards; i++) {
        *random = *random * 1664525 + 1013904223;
        cut.at[i].epoch = 1764194400000 + (*random >> 30);
        cut.at[i].seq = (uint64_t)(*random >> 8) << (*random % 40);
    }
    return cut;
}

static void any_is_there_and_back(void **state)
{
    uint32_t random = 40;

    (void)state;
    for (unsigned i = 0; i < 16 * 500; i++) {
        struct cut cut = any_cut(1 + i % OFFSET_SHARDS_MAX, &random), back;
        char text[OFFSET_TEXT_MAX];
        size_t len = offset_print(&cut, text);
        assert_true(len < sizeof(text));
        assert_true(offset_parse((struct span){text, len}, cut.shards, &back));
        assert_true(cut_covers(&cut, &back) && cut_covers(&back, &cut));
        for (unsigned other = 1; other <= OFFSET_SHARDS_MAX; other++)
            assert_int_equal(offset_parse((struct span){text, len}, other, &back),
                             other == cut.shards);
    }
}

struct bad_case {
    const char *name;
    unsigned shards;
    const char *text;
};

// clang-format off
static const struct bad_case bad[] = {
    {"empty",                       1, ""},
    {"a word",                      1, "typing"},
    {"one number",                  1, "12"},
    {"leading zero",                1, "01-2"},
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
    {"none is the greatest",        2, "9-50_1.1"},
    {"one is above the greatest",   2, "9-50_0.a-1"},
    {"same epoch written out",      2, "9-50_0.9-1"},
    {"shard with a leading zero",   2, "9-50_0.01"},
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

    assert_false(offset_parse(copy, c->shards, &cut));
    free((void *)copy.ptr);
}

struct covers_case {
    const char *name;
    struct cut a, b;
    bool covers;
};

static const struct covers_case covers_cases[] = {
    {"a cut covers itself", {2, {{1, 5}, {1, 6}}}, {2, {{1, 5}, {1, 6}}}, true},
    {"ahead in one shard", {2, {{1, 7}, {1, 6}}}, {2, {{1, 5}, {1, 6}}}, true},
    {"behind in one shard", {2, {{1, 4}, {1, 9}}}, {2, {{1, 5}, {1, 6}}}, false},
    {"of an older epoch", {1, {{1, 99}}}, {1, {{2, 0}}}, false},
};

static void covers(void **state)
{
    const struct covers_case *c = *state;

    assert_int_equal(cut_covers(&c->a, &c->b), c->covers);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good) + ARRAY_LEN(bad) + ARRAY_LEN(covers_cases) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, good, is_there_and_back);
    ADD_ROWS(tests, count, bad, is_refused);
    ADD_ROWS(tests, count, covers_cases, covers);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(any_is_there_and_back);
    return cmocka_run_group_tests_name("offset", tests, NULL, NULL);
}
