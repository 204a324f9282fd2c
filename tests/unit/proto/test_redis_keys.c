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

#define PREFIX_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct name_case {
    const char *name;
    const char *prefix;
    unsigned database, shard;
    const char *log, *lost, *session; // keys
    const char *bus, *control, *echo; // channels
};

// Programs of all versions must agree on the names of the default database.
static const struct name_case name_cases[] = {
    {"the default database", NULL, 1, 0, "ws:log:{0}", "ws:lost:{0}", "ws:session:", "ws:bus:{0}",
     "ws:control", "ws:echo:"},
    {"another database", NULL, 0, 63, "ws:log:{63}", "ws:lost:{63}",
     "ws:session:", "ws:db0:bus:{63}", "ws:db0:control", "ws:db0:echo:"},
    {"a prefix", "eu.", 1, 1, "eu.ws:log:{1}", "eu.ws:lost:{1}", "eu.ws:session:", "eu.ws:bus:{1}",
     "eu.ws:control", "eu.ws:echo:"},
    {"the longest of all", PREFIX_64, 1000000, 4294967295u, PREFIX_64 "ws:log:{4294967295}",
     PREFIX_64 "ws:lost:{4294967295}",
     PREFIX_64 "ws:session:", PREFIX_64 "ws:db1000000:bus:{4294967295}",
     PREFIX_64 "ws:db1000000:control", PREFIX_64 "ws:db1000000:echo:"},
};

static void names(void **state)
{
    const struct name_case *c = *state;
    struct redis_names names;
    char key[REDIS_SHARD_KEY_MAX];

    redis_names_init(&names, c->prefix, c->database);
    redis_log_key(&names, c->shard, key);
    assert_string_equal(key, c->log);
    redis_lost_key(&names, c->shard, key);
    assert_string_equal(key, c->lost);
    assert_string_equal(names.session, c->session);
    assert_string_equal(names.uplink_bytes + strlen(names.uplink), ":bytes");
    redis_bus_channel(&names, c->shard, key);
    assert_string_equal(key, c->bus);
    assert_string_equal(names.control, c->control);
    assert_string_equal(names.echo_channel, c->echo);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(shard_cases) + ARRAY_LEN(name_cases)] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, shard_cases, agrees_on_the_shard);
    ADD_ROWS(tests, count, name_cases, names);
    return cmocka_run_group_tests_name("redis keys", tests, NULL, NULL);
}
