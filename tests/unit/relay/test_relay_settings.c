#include "relay/relay_settings.h"

#include <unistd.h>

#include "tests/unit/unit.h"

#define LONG_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static struct relay_settings settings;
static struct buffer errors, warnings;

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < relay_program()->setting_count; i++)
        unsetenv(relay_program()->settings[i].name);
    return 0;
}

// In a program the texts live as long as the process.
static void forget(const struct setting *setting)
{
    char **text = (char **)((char *)&settings + setting->offset);

    if (!setting_is_text(setting))
        return;
    free(*text);
    *text = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < relay_program()->setting_count; i++)
        forget(&relay_program()->settings[i]);
    buffer_fini(&errors);
    buffer_fini(&warnings);
    return 0;
}

static void has_the_promised_defaults(void **state)
{
    (void)state;
    assert_true(relay_settings_load(&settings, &errors, &warnings));
    assert_string_equal(settings.rabbitmq.host, "rabbitmq");
    assert_int_equal(settings.rabbitmq.port, 5672);
    assert_string_equal(settings.rabbitmq.user, "guest");
    assert_string_equal(settings.rabbitmq.password, "guest");
    assert_string_equal(settings.rabbitmq.vhost, "/");
    assert_string_equal(settings.rabbitmq_exchanges, "hometrip_events,hometrip-events,hometrip");
    assert_string_equal(settings.queue_prefix, "websocket.");
    assert_null(settings.gateway_file.routes_path);
    assert_int_equal(settings.max_event_bytes, 4 * 1024 * 1024);
    assert_int_equal(settings.prefetch, 200);
    assert_int_equal(settings.linger_ms, 3);
    assert_string_equal(settings.redis.host, "redis");
    assert_int_equal(settings.redis.port, 6379);
    assert_null(settings.redis.password);
    assert_int_equal(settings.redis.db, 1);
    assert_int_equal(settings.log_max_len, 500000);
    assert_int_equal(settings.bus_shards, 1);
    assert_int_equal(settings.ops_port, 9103);
    assert_string_equal(settings.log.dir, "logs");
}

struct bad_case {
    const char *name;
    const char *variable, *value;
    const char *told; // part of the message
};

static const struct bad_case bad_cases[] = {
    {"no exchange", "RABBITMQ_EXCHANGES", " , ,", "RABBITMQ_EXCHANGES names no exchange"},
    {"exchange of RabbitMQ's own", "RABBITMQ_EXCHANGES", "a, amq.topic", "\"amq.topic\""},
    {"long exchange", "RABBITMQ_EXCHANGES", LONG_64 LONG_64 LONG_64 LONG_64, "over 255 bytes"},
    {"queues of RabbitMQ's own", "QUEUE_PREFIX", "amq.a.", "QUEUE_PREFIX is \"amq.a.\""},
    {"long prefix of queues", "QUEUE_PREFIX", LONG_64 "x", "QUEUE_PREFIX has over 64 bytes"},
    {"prefetch of nothing", "RELAY_PREFETCH", "0", "RELAY_PREFETCH"},
    {"too many shards", "BUS_SHARDS", "65", "BUS_SHARDS"},
    {"port out of range", "OPS_PORT", "65536", "OPS_PORT"},
    {"unknown level", "LOG_LEVEL", "loud", "LOG_LEVEL"},
    {"events beyond what an envelope holds", "MAX_EVENT_BYTES", "99999999", "MAX_EVENT_BYTES"},
};

static void refuses(void **state)
{
    const struct bad_case *c = *state;

    set_up(state);
    setenv(c->variable, c->value, 1);
    assert_false(relay_settings_load(&settings, &errors, &warnings));
    assert_non_null(strstr(errors.ptr, c->told));
    tear_down(state);
}

static int leave_dotenv_behind(void **state)
{
    (void)state;
    return chdir("/"); // no .env of the folder that the tests run in
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(bad_cases) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, bad_cases, refuses);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(has_the_promised_defaults,
                                                                        set_up, tear_down);
    return cmocka_run_group_tests_name("relay_settings", tests, leave_dotenv_behind, NULL);
}
