#include "edge/gateway/delivery/offset.h"

#include "tests/unit/unit.h"

struct good_case {
    const char *name;
    const char *text;
    struct cut cut;
};

// clang-format off
static const struct good_case good[] = {
    {"one shard",                   "Pg2BZS036Ku", {1, {{1764194400000, 812345}}}},
    {"one shard, nothing yet",      "00000000",    {1, {{0, 0}}}},
    {"one shard, greatest",
     ".k~~~~~~~~~~~VF~~~~~~~~~~",                  {1, {{UINT64_MAX, UINT64_MAX}}}},
    {"the greatest short epoch",    "~~~~~~~10",   {1, {{(1ULL << 42) - 1, 64}}}},
    {"the least long epoch",        "._WWWWWWW0~", {1, {{1ULL << 42, 63}}}},
    {"two shards, first newest",    "0000009n.0A",  {2, {{9, 50}, {9, 40}}}},
    {"two shards, last newest",     "0000009n.XI0", {2, {{9, 0}, {9, 50}}}},
    {"two shards, nothing yet",     "00000000.00",  {2, {{0, 0}, {0, 0}}}},
    {"the greatest distance of one digit",   "0000009V.0V",    {2, {{9, 31}, {9, 0}}}},
    {"the least distance of two digits",     "0000009W.0X0",   {2, {{9, 32}, {9, 0}}}},
    {"the greatest distance of two digits",  "0000009G0.0~V",  {2, {{9, 1024}, {9, 1}}}},
    {"the least distance of three digits",   "0000009G0.0XW0", {2, {{9, 1024}, {9, 0}}}},
    {"an older epoch",              "000000a5.0.X4XdF", {2, {{37, 5}, {36, 1295}}}},
    {"an older epoch, more there",  "000000a5..X4XdF0", {2, {{36, 1295}, {37, 5}}}},
    {"one shard without events",    "0000009n.0.001",   {3, {{9, 50}, {0, 0}, {9, 49}}}},
    {"a short epoch behind a long", "._WWWWWWW03.0.54", {2, {{1ULL << 42, 3}, {5, 4}}}},
    {"four shards, one of an older epoch", "Pg2BZS036Ku.03X0.XogXYuhZ0ZWjD",
     {4, {{1764194400000, 812345}, {1764194400000, 812342}, {1764194400000, 812313},
          {1764194300000, 98765}}}},
    {"greatest of two", ".k~~~~~~~~~~~VF~~~~~~~~~~.0k~~~~~~~~~~~V",
     {2, {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 0}}}},
    {"sixteen shards", "0000001F.FEDCBA9876543210",
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
    assert_true(cut_eq(&cut, &c->cut));
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
        struct cut cut = any_cut(1 + i % CUT_SHARDS_MAX, &random), back;
        char text[OFFSET_TEXT_MAX];
        size_t len = offset_print(&cut, text);
        assert_true(len < sizeof(text));
        assert_true(offset_parse((struct span){text, len}, cut.shards, &back));
        assert_true(cut_eq(&cut, &back));
        for (unsigned other = 1; other <= CUT_SHARDS_MAX; other++)
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
    {"an epoch alone",              1, "0000009"},
    {"a strange digit",             1, "0000009+"},
    {"a strange digit in the epoch", 1, "000+0091"},
    {"seq with a leading zero",     1, "000000901"},
    {"blank behind",                1, "00000091 "},
    {"seq over 64 bits",            1, "0000009G0000000000"},
    {"seq far over 64 bits",        1, "0000009F~~~~~~~~~~0"},
    {"short epoch written long",    1, ".~~~~~~~V1"},
    {"long epoch, leading zero",    1, ".W_WWWWWWW01"},
    {"long epoch over 64 bits",     1, "._WWWWWWWWWWWW01"},
    {"long epoch without an end",   1, "._WWWWWWW"},
    {"a dot alone",                 1, "."},
    {"a dot behind",                1, "0000009n."},
    {"of three shards, there is one", 1, "0000009n.0.001"},
    {"of one shard, there are two", 2, "0000009n"},
    {"no shards behind the dot",    2, "0000009n."},
    {"of one shard less",           3, "0000009n.0A"},
    {"of one shard more",           2, "0000009n.0A1"},
    {"a dot behind the shards",     2, "0000009n.0A."},
    {"a distance without an end",   2, "0000009n.0X"},
    {"below nothing",               2, "0000009n.0XJ"},
    {"far below nothing",           2, "0000009n.0k~~~~~~~~~~~V"},
    {"distance over 64 bits",       2, "0000009n.0_WWWWWWWWWWWW0"},
    {"distance with a leading zero", 2, "0000009n.0WA"},
    {"none is the greatest",        2, "0000009n.11"},
    {"one is above the greatest",   2, "0000009n.0.A1"},
    {"same epoch written out",      2, "0000009n.0.91"},
    {"older epoch, leading zero",   2, "0000009n.0.W81"},
    {"older epoch without seq",     2, "0000009n.0.8"},
    {"older seq, leading zero",     2, "0000009n.0.8W1"},
    {"two dots",                    2, "0000009n.0..81"},
    {"a dash",                      2, "0000009n.0-"},
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

// Longer than any offset, of digits alone.
static void is_refused_when_too_long(void **state)
{
    char text[OFFSET_TEXT_MAX];
    struct cut cut;

    (void)state;
    memset(text, '1', sizeof(text));
    struct span copy = exact_copy((struct span){text, sizeof(text)});
    assert_false(offset_parse(copy, 16, &cut));
    free((void *)copy.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good) + ARRAY_LEN(bad) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, good, is_there_and_back);
    ADD_ROWS(tests, count, bad, is_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(any_is_there_and_back);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(is_refused_when_too_long);
    return cmocka_run_group_tests_name("offset", tests, NULL, NULL);
}
