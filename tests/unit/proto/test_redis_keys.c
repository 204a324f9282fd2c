#include "proto/redis_keys.h"
#include "tests/unit/unit.h"

struct shard_case {
    const char *name;
    const char *room;
    unsigned shards, shard;
};

// Relays and edges of all versions must agree, so the numbers are part of the contract.
static const struct shard_case shard_cases[] = {
    {"one takes all", "conversation:1", 1, 0},
    {"conversation of 4", "conversation:1", 4, 3},
    {"user of 4", "user:42", 4, 2},
    {"conversation of 64", "conversation:1", 64, 31},
    {"empty name", "", 64, 5},
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

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(shard_cases) + 1] = {
        cmocka_unit_test(names_shard_keys),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, shard_cases, agrees_on_the_shard);
    return cmocka_run_group_tests_name("redis keys", tests, NULL, NULL);
}
