#include "common/redis_settings.h"
#include "common/span.h"
#include "tests/unit/unit.h"

#define PREFIX_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct check_case {
    const char *name;
    struct redis_settings settings;
    const char *fault; // part of it; NULL: none
};

static const struct check_case check_cases[] = {
    {"nothing", {0}, NULL},
    {"a password alone", {.password = "p"}, NULL},
    {"user and password", {.username = "u", .password = "p"}, NULL},
    {"a user alone", {.username = "u"}, "REDIS_USERNAME needs REDIS_PASSWORD"},
    {"a prefix", {.key_prefix = "EU-1.shop_2:"}, NULL},
    {"a prefix of 64 bytes", {.key_prefix = PREFIX_64}, NULL},
    {"a prefix of 65 bytes", {.key_prefix = PREFIX_64 "x"}, "REDIS_KEY_PREFIX"},
    {"a prefix with a hash tag", {.key_prefix = "{eu}"}, "REDIS_KEY_PREFIX"},
    {"a prefix with a pattern", {.key_prefix = "eu*"}, "REDIS_KEY_PREFIX"},
    {"Sentinels", {.sentinel_list = "a,b:1, [::1]:2", .master_name = "m"}, NULL},
    {"a Sentinel with a path",
     {.sentinel_list = "a/b", .master_name = "m"},
     "REDIS_SENTINELS must list"},
    {"no Sentinel between commas",
     {.sentinel_list = ",", .master_name = "m"},
     "REDIS_SENTINELS must list"},
    {"a Sentinel with a port too high",
     {.sentinel_list = "a:65536", .master_name = "m"},
     "REDIS_SENTINELS must list"},
    {"servers that share the shards", {.node_list = "a,b:1, [::1]:2"}, NULL},
    {"the same host with two ports", {.node_list = "a:1,a:2"}, NULL},
    {"the same server twice", {.node_list = "a,b,a:6379"}, "REDIS_NODES names a:6379 twice"},
    {"a server with a path", {.node_list = "a/b"}, "REDIS_NODES must list"},
    {"names of two primaries", {.sentinel_list = "a", .master_name = "one, two"}, NULL},
    {"a name of no primary",
     {.sentinel_list = "a", .master_name = "one,,two"},
     "REDIS_MASTER_NAME must"},
    {"a name that is too long",
     {.sentinel_list = "a", .master_name = PREFIX_64 PREFIX_64},
     "REDIS_MASTER_NAME must"},
    {"a prefix with a blank", {.key_prefix = "eu "}, "REDIS_KEY_PREFIX"},
    {"a prefix that is no ASCII", {.key_prefix = "\xc3\xa4"}, "REDIS_KEY_PREFIX"},
};

static void checks(void **state)
{
    const struct check_case *c = *state;
    struct buffer errors = {0};

    struct redis_settings settings = c->settings;

    redis_settings_finish(&settings, &errors);
    if (c->fault)
        assert_non_null(strstr(errors.ptr, c->fault));
    else
        assert_int_equal(errors.len, 0);
    buffer_fini(&errors);
}

static void each_server_has_its_settings(void **state)
{
    struct redis_settings all = {.node_list = "a,b:1", .password = "p", .db = 3};
    struct buffer errors = {0};
    char what[REDIS_PLACE_MAX];

    (void)state;
    redis_settings_finish(&all, &errors);
    assert_int_equal(errors.len, 0);
    assert_int_equal(redis_settings_nodes(&all), 2);
    struct redis_settings one = redis_settings_of_node(&all, 0);
    struct redis_settings other = redis_settings_of_node(&all, 1);
    assert_string_equal(one.host, "a");
    assert_int_equal(one.port, 6379);
    assert_string_equal(redis_settings_what(&other, what), "Redis b:1");
    assert_string_equal(other.password, "p");
    assert_int_equal(other.db, 3);
    assert_int_equal(redis_settings_nodes(&other), 1);
    buffer_fini(&errors);
}

static void each_primary_has_its_name(void **state)
{
    struct redis_settings all = {.sentinel_list = "s", .master_name = "one, two"};
    struct buffer errors = {0};
    char what[REDIS_PLACE_MAX];

    (void)state;
    redis_settings_finish(&all, &errors);
    assert_int_equal(errors.len, 0);
    assert_int_equal(redis_settings_nodes(&all), 2);
    struct redis_settings other = redis_settings_of_node(&all, 1);
    assert_string_equal(other.master_name, "two");
    assert_string_equal(redis_settings_what(&other, what), "Redis two");
    assert_int_equal(redis_settings_nodes(&other), 1);
    buffer_fini(&errors);
}

static void one_server_is_what_it_was(void **state)
{
    struct redis_settings all = {.host = "h", .port = 7};
    char what[REDIS_PLACE_MAX];

    (void)state;
    struct redis_settings one = redis_settings_of_node(&all, 0);
    assert_int_equal(redis_settings_nodes(&all), 1);
    assert_string_equal(one.host, "h");
    assert_int_equal(one.port, 7);
    assert_string_equal(redis_settings_what(&one, what), "Redis");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(check_cases) + 3] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, check_cases, checks);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(each_server_has_its_settings);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(each_primary_has_its_name);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_server_is_what_it_was);
    return cmocka_run_group_tests_name("redis settings", tests, NULL, NULL);
}
