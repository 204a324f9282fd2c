#include "relay/relay_settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/redis/redis_tls.h"
#include "common/setting_typos.h"
#include "common/shared_settings.h"
#include "proto/letter_headers.h"
#include "proto/redis_keys.h"
#include "relay/api/api_keys.h"
#include "relay/api/api_origins.h"

#define NAME_MAX_BYTES 255 // of a name in AMQP, where names are short strings

#define FIELD(name) offsetof(struct relay_settings, name)

static const char *const queue_types[] = {"classic", "quorum", NULL};

// clang-format off
static const struct setting table[] = {
    RABBITMQ_SETTINGS(struct relay_settings, rabbitmq,
                      "User name for RabbitMQ; needs write and read, and configure on what is missing"),
    {"RABBITMQ_EXCHANGES", SETTING_TEXT, FIELD(rabbitmq_exchanges),
     "hometrip_events,hometrip-events,hometrip", 0, 0, NULL,
     "Topic exchanges that the queues are bound to, separated by commas; a missing one is declared"},
    {"RABBITMQ_QUEUE_TYPE", SETTING_CHOICE, FIELD(queue_type), "classic", 0, 0, queue_types,
     "Type of the queues that the relay creates; existing queues are used as they are"},
    {"QUEUE_PREFIX", SETTING_TEXT, FIELD(queue_prefix), "websocket.", 0, 0, NULL,
     "Beginning of the names of the queues; the routing key, or " DEAD_LETTER_KEY ", follows"},
    GATEWAY_FILE_SETTINGS(struct relay_settings, gateway_file),
    {"MAX_EVENT_BYTES", SETTING_NUMBER, FIELD(max_event_bytes), "4194304", 1024, 16777216, NULL,
     "Largest body of an event in bytes; a larger one is dead-lettered"},
    {"RELAY_PREFETCH", SETTING_NUMBER, FIELD(prefetch), "200", 1, 65535, NULL,
     "Largest number of unacknowledged events of each queue"},
    {"RELAY_LINGER_MS", SETTING_NUMBER, FIELD(linger_ms), "3", 0, 100, NULL,
     "Milliseconds that a relay which is over half busy delays an event so that it shares a batch"},
    REDIS_SETTINGS(struct relay_settings, redis),
    {"REDIS_WAIT_REPLICAS", SETTING_NUMBER, FIELD(wait_replicas), "0", 0, 16, NULL,
     "Number of replicas of Redis that must have an event before it is acknowledged to RabbitMQ"},
    {"LOG_MAXLEN", SETTING_NUMBER, FIELD(log_max_len), "500000", 1000, 100000000, NULL,
     "Number of events that the log of each shard keeps in Redis, roughly"},
    {"LOG_MAX_BYTES", SETTING_NUMBER, FIELD(log_max_bytes), "134217728", 1048576, 1099511627776, NULL,
     "Bytes that the log of each shard may take in Redis, roughly"},
    BUS_SETTINGS(struct relay_settings, bus_shards),
    {"SERVICE_HOST", SETTING_HOST, FIELD(service_host), "0.0.0.0", 0, 0, NULL,
     "Address that the operations port listens on"},
    {"OPS_PORT", SETTING_NUMBER, FIELD(ops_port), "9103", 0, 65535, NULL,
     "Operations port: /live, /ready and /metrics; 0 picks a free port"},
    {"API_PORT", SETTING_NUMBER, FIELD(api.port), NULL, 0, 65535, NULL,
     "Port of the HTTP API, which is off without it; 0 picks a free port"},
    {"API_HOST", SETTING_HOST, FIELD(api.host), NULL, 0, 0, NULL,
     "Address that the HTTP API listens on; SERVICE_HOST when it is not given"},
    {"API_KEY_FILE", SETTING_TEXT, FIELD(api.key_file), NULL, 0, 0, NULL,
     "File with the keys of the HTTP API, one a line; read again on SIGHUP and when it changes"},
    {"API_CORS_ORIGIN", SETTING_TEXT, FIELD(api.cors_origin), NULL, 0, 0, NULL,
     "Origins of web pages that may use the HTTP API, for the console; not allowed in production"},
    {"API_RATE_LIMIT", SETTING_NUMBER, FIELD(api.rate_limit), "100", 0, 100000, NULL,
     "Requests a second of each key of the HTTP API; 0: no limit"},
    {"API_RATE_BURST", SETTING_NUMBER, FIELD(api.rate_burst), "200", 1, 1000000, NULL,
     "Requests that a key of the HTTP API may make at once"},
    {"API_MAX_CONNECTIONS", SETTING_NUMBER, FIELD(api.max_connections), "64", 1, 1024, NULL,
     "Largest number of connections to the HTTP API"},
    {"API_PUBLISH_TIMEOUT", SETTING_NUMBER, FIELD(api.publish_timeout_ms), "5000", 100, 60000, NULL,
     "Milliseconds that the HTTP API waits until RabbitMQ has confirmed an event"},
    {"API_IDEMPOTENCY_SECONDS", SETTING_NUMBER, FIELD(api.idempotency_s), "600", 1, 86400, NULL,
     "Seconds that the HTTP API knows an Idempotency-Key"},
    {"DRAIN_SECONDS", SETTING_NUMBER, FIELD(drain_seconds), "10", 0, 3600, NULL,
     "Seconds that a stopping relay tries to publish the events that it has taken"},
    LOG_SETTINGS(struct relay_settings, log),
};
// clang-format on

static const struct program program = {
    .name = "ws-relay",
    .summary = "Takes events from RabbitMQ, routes them to rooms, and appends and publishes them "
               "in Redis for the edges. Publishes to RabbitMQ what clients send to services, and "
               "serves the HTTP API.",
    .settings = table,
    .setting_count = ARRAY_LEN(table),
};

const struct program *relay_program(void)
{
    return &program;
}

static void check_exchanges(const struct relay_settings *settings, struct buffer *errors)
{
    struct span rest = span_of(settings->rabbitmq_exchanges), name;
    size_t names = 0;

    while (span_take_until(&rest, ',', &name)) {
        name = span_trim(name);
        names += name.len > 0;
        if (name.len > NAME_MAX_BYTES)
            settings_fault(errors, "RABBITMQ_EXCHANGES has a name of over %d bytes",
                           NAME_MAX_BYTES);
        if (span_starts_with(name, SPAN_LIT("amq.")))
            settings_fault(errors,
                           "RABBITMQ_EXCHANGES names \"" SPAN_FMT
                           "\", but RabbitMQ keeps names with amq. for itself",
                           SPAN_ARG(name));
    }
    if (names == 0)
        settings_fault(errors, "RABBITMQ_EXCHANGES names no exchange");
}

static void check_queue_prefix(struct span prefix, struct buffer *errors)
{
    if (prefix.len > QUEUE_PREFIX_MAX)
        settings_fault(errors, "QUEUE_PREFIX has over %d bytes", QUEUE_PREFIX_MAX);
    if (span_starts_with(prefix, SPAN_LIT("amq.")))
        settings_fault(errors,
                       "QUEUE_PREFIX is \"" SPAN_FMT
                       "\", but RabbitMQ keeps names with amq. for itself",
                       SPAN_ARG(prefix));
}

// A key in a page is a key in the hands of all who open it.
static void check_origins(const struct api_settings *api, struct buffer *errors)
{
    const char *environment = getenv("NODE_ENV");

    if (!api->cors_origin)
        return;
    api_origins_check(api->cors_origin, errors);
    if (environment && strcmp(environment, "production") == 0)
        settings_fault(errors, "API_CORS_ORIGIN must not be given when NODE_ENV=production; "
                               "services use the API, and web pages the edges");
}

// The keys are only checked here: the API reads its file itself, and again.
static void finish_api(struct relay_settings *settings, struct buffer *errors)
{
    struct api_settings *api = &settings->api;

    api->on = settings_is_given("API_PORT");
    check_origins(api, errors);
    if (!api->on)
        return;
    if (api->key_file)
        api_keys_free(api_keys_load(api->key_file, errors));
    else
        settings_fault(errors,
                       "API_KEY_FILE is missing: with API_PORT it must name the file of the "
                       "keys");
}

bool relay_settings_load(struct relay_settings *out, struct buffer *errors, struct buffer *warnings)
{
    bool read = settings_read_dotenv(".env", errors);
    bool loaded = settings_load(table, ARRAY_LEN(table), out, errors);

    settings_find_typos(warnings);
    if (loaded) {
        check_exchanges(out, errors);
        check_queue_prefix(span_of(out->queue_prefix), errors);
        rabbitmq_settings_finish(&out->rabbitmq, errors);
        redis_settings_finish(&out->redis, errors);
        redis_settings_check_shards(&out->redis, out->bus_shards, errors);
        finish_api(out, errors);
        redis_tls_load(&out->redis, errors);
    }
    return read && loaded && errors->len == 0;
}

struct gateway_file *relay_settings_load_file(const struct relay_settings *settings,
                                              struct buffer *errors)
{
    struct gateway_file *file = gateway_file_load(
        &(struct gateway_file_options){
            .path = settings->gateway_file.path,
            .routes_path = settings->gateway_file.routes_path,
            .queue_prefix = settings->queue_prefix,
        },
        errors);

    if (file)
        gateway_file_add_direct(file);
    if (!file || file->routes->count > 0)
        return file;
    buffer_printf(errors,
                  "%s:1: without events the relay has no queue, and its queues say which relay is "
                  "active\n",
                  settings->gateway_file.path);
    gateway_file_free(file);
    return NULL;
}

struct rabbit_options relay_settings_rabbit(const struct relay_settings *s,
                                            struct rabbit_hosts *hosts)
{
    return (struct rabbit_options){
        .hosts = hosts,
        .user = s->rabbitmq.user,
        .password = s->rabbitmq.password,
        .vhost = s->rabbitmq.vhost,
        .tls = s->rabbitmq.store,
        .max_body = (size_t)s->max_event_bytes,
    };
}
