// The modules of common/ that are too small for a test program each.
#include <ctype.h>
#include <time.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/random.h"
#include "proto/redis_keys.h"
#include "tests/unit/unit.h"

struct step_case {
    const char *name;
    unsigned attempts;
    bool answers;
    uint32_t step_ms;
};

static const struct step_case step_cases[] = {
    {"back-off: first wait", 0, false, 50},
    {"back-off: second wait", 1, false, 100},
    {"back-off: seventh wait", 6, false, 3200},
    {"back-off: eighth is the longest", 7, false, 5000},
    {"back-off: thousandth wait", 999, false, 5000},
    {"back-off: counter near its end", 4294967295u, false, 5000},
    {"back-off: first wait, who answers", 0, true, 50},
    {"back-off: fifth wait, who answers", 4, true, 800},
    {"back-off: sixth is the longest, who answers", 5, true, 1000},
    {"back-off: thousandth wait, who answers", 999, true, 1000},
};

static void waits_half_to_all_of_the_step(void **state)
{
    const struct step_case *c = *state;
    uint32_t least = UINT32_MAX, most = 0;

    for (int i = 0; i < 400; i++) {
        struct backoff backoff = {c->attempts};
        uint32_t ms = backoff_next_ms(&backoff, c->answers);
        assert_in_range(ms, c->step_ms / 2, c->step_ms);
        assert_int_equal(backoff.attempts, c->attempts + 1);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_true(least < c->step_ms * 6 / 10); // the jitter uses its whole width
    assert_true(most > c->step_ms * 9 / 10);
}

static void reset_starts_from_the_first_wait(void **state)
{
    struct backoff backoff = {9};

    (void)state;
    backoff_reset(&backoff);
    assert_in_range(backoff_next_ms(&backoff, false), 25, 50);
}

struct date_case {
    const char *name;
    uint64_t wall_ms;
    const char *text;
};

static const struct date_case date_cases[] = {
    {"date: the beginning", 0, "1970-01-01T00:00:00.000Z"},
    {"date: milliseconds", 1731837600007, "2024-11-17T10:00:00.007Z"},
    {"date: leap day", 1709251199999, "2024-02-29T23:59:59.999Z"},
    {"date: last one of four digits", 253402300799999, "9999-12-31T23:59:59.999Z"},
};

static void writes_dates(void **state)
{
    const struct date_case *c = *state;
    char text[ISO8601_LEN + 1];

    setenv("TZ", "XYZ-9", 1); // wherever the machine stands, UTC is written
    tzset();
    clock_iso8601(c->wall_ms, text);
    assert_string_equal(text, c->text);
}

static void clocks_run(void **state)
{
    uint64_t before = clock_monotonic_ms();

    (void)state;
    assert_true(clock_monotonic_ms() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
}

struct shard_case {
    const char *name;
    const char *room;
    unsigned shards, shard;
};

// Relays and edges of all versions must agree, so the numbers are part of the contract.
static const struct shard_case shard_cases[] = {
    {"shard: one takes all", "conversation:1", 1, 0},
    {"shard: conversation of 4", "conversation:1", 4, 3},
    {"shard: user of 4", "user:42", 4, 2},
    {"shard: conversation of 64", "conversation:1", 64, 31},
    {"shard: empty name", "", 64, 5},
};

static void agrees_on_the_shard(void **state)
{
    const struct shard_case *c = *state;

    assert_int_equal(shard_of_room(span_of(c->room), c->shards), c->shard);
}

static void names_shard_keys(void **state)
{
    char key[REDIS_SHARD_KEY_MAX];

    (void)state;
    redis_log_key(0, key);
    assert_string_equal(key, "ws:log:{0}");
    redis_bus_channel(63, key);
    assert_string_equal(key, "ws:bus:{63}");
    redis_lost_key(4294967295u, key);
    assert_string_equal(key, "ws:lost:{4294967295}");
}

static void ids_are_new_and_fit_a_url(void **state)
{
    char a[RANDOM_ID_LEN + 1], b[RANDOM_ID_LEN + 1];

    (void)state;
    random_id(a);
    random_id(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), RANDOM_ID_LEN);
    for (const char *c = a; *c; c++)
        assert_true(isalnum((unsigned char)*c) || *c == '-' || *c == '_');
}

static void hash_depends_on_every_byte(void **state)
{
    (void)state;
    assert_int_equal(hash_keyed("abc", 3), hash_keyed("abc", 3));
    assert_int_not_equal(hash_keyed("abc", 3), hash_keyed("abd", 3));
    assert_int_not_equal(hash_keyed("abc", 3), hash_keyed("abc", 2));
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(step_cases) + ARRAY_LEN(date_cases) + ARRAY_LEN(shard_cases) + 5] = {
            cmocka_unit_test(reset_starts_from_the_first_wait),
            cmocka_unit_test(clocks_run),
            cmocka_unit_test(names_shard_keys),
            cmocka_unit_test(ids_are_new_and_fit_a_url),
            cmocka_unit_test(hash_depends_on_every_byte),
        };
    size_t count = 5;

    ADD_ROWS(tests, count, step_cases, waits_half_to_all_of_the_step);
    ADD_ROWS(tests, count, date_cases, writes_dates);
    ADD_ROWS(tests, count, shard_cases, agrees_on_the_shard);
    return cmocka_run_group_tests_name("small", tests, NULL, NULL);
}
