// Each row is a story: "+a" puts yes for a, "-a" no, ">500" lets time pass, and the rest asks:
// "a=+", "a=-" and "a=?" say what must be known, "#2" how many answers are held.
#include "edge/gateway/rooms/authorization_cache.h"

#include "tests/unit/unit.h"

struct row {
    const char *name;
    size_t max;
    uint64_t keep_ms;
    const char *story;
};

// clang-format off
static const struct row rows[] = {
    {"nothing is known at first", 10, 1000, "a=? #0"},
    {"yes and no", 10, 1000, "+a -b a=+ b=- c=? #2"},
    {"asking changes nothing", 10, 1000, "+a a=+ a=+ #1"},
    {"until it expires", 10, 1000, "+a >999 a=+ >1 a=? #0"},
    {"each by itself", 10, 1000, "+a >600 +b >400 a=? b=+ >600 b=? #0"},
    {"asking does not make it last", 10, 1000, "+a >600 a=+ >400 a=?"},
    {"a new answer replaces the old one", 10, 1000, "+a -a a=- #1 +a a=+ #1"},
    {"and lasts from then", 10, 1000, "+a >600 -a >600 a=- >400 a=?"},
    {"a replaced one is not the oldest any more", 2, 1000, "+a +b +a +c b=? a=+ c=+ #2"},
    {"the oldest goes out", 2, 1000, "+a +b +c a=? b=+ c=+ #2"},
    {"expired ones go out before", 2, 1000, "+a >600 +b >500 +c b=+ c=+ #2"},
    {"one place", 1, 1000, "+a -b a=? b=- #1"},
    {"no place", 0, 1000, "+a a=? #0"},
    {"no time", 10, 0, "+a a=? #0"},
};
// clang-format on

static const char *play(struct authorization_cache *cache, const char *at, uint64_t *now_ms)
{
    char *end = (char *)at + 1;

    if (*at == '+' || *at == '-') {
        struct span key = exact_copy((struct span){at + 1, 1});
        authorization_cache_put(cache, key, *at == '+', *now_ms);
        free((char *)key.ptr);
        return at + 2;
    }
    if (*at == '>')
        *now_ms += strtoul(at + 1, &end, 10);
    else
        assert_int_equal(authorization_cache_count(cache), strtoul(at + 1, &end, 10));
    return end;
}

static const char *look(struct authorization_cache *cache, const char *at, uint64_t now_ms)
{
    static const char words[] = {[CACHED_NOTHING] = '?', [CACHED_YES] = '+', [CACHED_NO] = '-'};

    assert_int_equal(words[authorization_cache_find(cache, (struct span){at, 1}, now_ms)], at[2]);
    return at + 3;
}

static void remembers(void **state)
{
    const struct row *row = *state;
    struct authorization_cache *cache = authorization_cache_new(row->max, row->keep_ms);
    uint64_t now_ms = 5000;

    for (const char *at = row->story; *at != '\0';) {
        if (*at == ' ')
            at++;
        else if (strchr("+->#", *at))
            at = play(cache, at, &now_ms);
        else
            at = look(cache, at, now_ms);
    }
    authorization_cache_free(cache);
}

static void keys_may_be_long_and_alike(void **state)
{
    static const char text[] = "u1\nconversation:1";
    struct authorization_cache *cache = authorization_cache_new(100, 1000);

    (void)state;
    for (size_t len = 1; len < sizeof(text); len++)
        authorization_cache_put(cache, (struct span){text, len}, len % 2 == 0, 0);
    for (size_t len = 1; len < sizeof(text); len++)
        assert_int_equal(authorization_cache_find(cache, (struct span){text, len}, 0),
                         len % 2 == 0 ? CACHED_YES : CACHED_NO);
    authorization_cache_free(cache);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, remembers);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(keys_may_be_long_and_alike);
    return cmocka_run_group_tests_name("authorization_cache", tests, NULL, NULL);
}
