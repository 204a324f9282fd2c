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
    {"Sentinels", {.sentinel_list = "a,b:1, [::1]:2"}, NULL},
    {"a Sentinel with a path", {.sentinel_list = "a/b"}, "REDIS_SENTINELS must list"},
    {"no Sentinel between commas", {.sentinel_list = ","}, "REDIS_SENTINELS must list"},
    {"a Sentinel with a port too high", {.sentinel_list = "a:65536"}, "REDIS_SENTINELS must list"},
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

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(check_cases)] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, check_cases, checks);
    return cmocka_run_group_tests_name("redis settings", tests, NULL, NULL);
}
