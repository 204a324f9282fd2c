#include "relay/relay_settings.h"

#include "common/setting_typos.h"
#include "proto/redis_keys.h"
#include "relay/routing/routes.h"

#define NAME_MAX_BYTES 255 // of everything in AMQP that has a name

#define FIELD(name) offsetof(struct relay_settings, name)

static const char *const log_levels[] = {"error", "warn", "info", "http", "debug", NULL};
static const char *const log_formats[] = {"json", "text", NULL};

static const char *const queue_types[] = {"classic", "quorum", NULL};

// clang-format off
static const struct setting table[] = {
    {"RABBITMQ_HOST", SETTING_HOST, FIELD(rabbitmq_host), "rabbitmq", 0, 0, NULL,
     "where RabbitMQ is"},
    {"RABBITMQ_PORT", SETTING_NUMBER, FIELD(rabbitmq_port), "5672", 1, 65535, NULL,
     "and its AMQP port"},
    {"RABBITMQ_USER", SETTING_TEXT, FIELD(rabbitmq_user), "guest", 0, 0, NULL,
     "who we are there; needs write and read on exchanges and queues, configure on missing ones"},
    {"RABBITMQ_PASSWORD", SETTING_SECRET, FIELD(rabbitmq_password), "guest", 0, 0, NULL,
     "and the password"},
    {"RABBITMQ_VHOST", SETTING_TEXT, FIELD(rabbitmq_vhost), "/", 0, 0, NULL,
     "virtual host"},
    {"RABBITMQ_EXCHANGES", SETTING_TEXT, FIELD(rabbitmq_exchanges),
     "hometrip_events,hometrip-events,hometrip", 0, 0, NULL,
     "topic exchanges that are declared and bound, with commas between them"},
    {"RABBITMQ_QUEUE_TYPE", SETTING_CHOICE, FIELD(queue_type), "classic", 0, 0, queue_types,
     "type of the queues that are missing and created; those that exist are used as they are"},
    {"QUEUE_PREFIX", SETTING_TEXT, FIELD(queue_prefix), "websocket.", 0, 0, NULL,
     "what the names of our queues begin with; the routing key, or dead-letter, follows"},
    {"EVENT_ROUTES_FILE", SETTING_TEXT, FIELD(event_routes_file), NULL, 0, 0, NULL,
     "JSON file with further routes for events"},
    {"MAX_EVENT_BYTES", SETTING_NUMBER, FIELD(max_event_bytes), "4194304", 1024, 16777216, NULL,
     "events with a larger body are dead-lettered"},
    {"RELAY_PREFETCH", SETTING_NUMBER, FIELD(prefetch), "200", 1, 65535, NULL,
     "unacknowledged events that RabbitMQ may have sent, of each queue"},
    {"RELAY_LINGER_MS", SETTING_NUMBER, FIELD(linger_ms), "3", 0, 100, NULL,
     "how long a busy relay holds an event back for company; an idle one never does"},
    {"REDIS_HOST", SETTING_HOST, FIELD(redis_host), "redis", 0, 0, NULL,
     "where Redis is"},
    {"REDIS_PORT", SETTING_NUMBER, FIELD(redis_port), "6379", 1, 65535, NULL,
     "and its port"},
    {"REDIS_PASSWORD", SETTING_SECRET, FIELD(redis_password), NULL, 0, 0, NULL,
     "password, if Redis wants one"},
    {"REDIS_DB", SETTING_NUMBER, FIELD(redis_db), "1", 0, 1000000, NULL,
     "number of the database"},
    {"LOG_MAXLEN", SETTING_NUMBER, FIELD(log_max_len), "500000", 1000, 100000000, NULL,
     "events that each shard's log in Redis keeps, roughly"},
    {"LOG_MAX_BYTES", SETTING_NUMBER, FIELD(log_max_bytes), "134217728", 1048576, 1099511627776, NULL,
     "bytes of Redis' memory that each shard's log may take, roughly"},
    {"BUS_SHARDS", SETTING_NUMBER, FIELD(bus_shards), "1", 1, SHARDS_MAX, NULL,
     "shards of the bus; the same for relays and edges"},
    {"SERVICE_HOST", SETTING_HOST, FIELD(service_host), "0.0.0.0", 0, 0, NULL,
     "address that the operations port listens on"},
    {"OPS_PORT", SETTING_NUMBER, FIELD(ops_port), "9103", 0, 65535, NULL,
     "operations port: /live, /ready and /metrics; 0 picks a free one"},
    {"DRAIN_SECONDS", SETTING_NUMBER, FIELD(drain_seconds), "10", 0, 3600, NULL,
     "how long a stopping relay tries to publish what it has taken"},
    {"LOG_LEVEL", SETTING_CHOICE, FIELD(log_level), "info", 0, 0, log_levels,
     "the least important lines that are written"},
    {"LOG_FORMAT", SETTING_CHOICE, FIELD(log_format), "json", 0, 0, log_formats,
     "form of the log lines"},
    {"LOG_DIR", SETTING_FOLDER, FIELD(log_dir), "logs", 0, 0, NULL,
     "folder of all.log and error.log; empty: the console only"},
};
// clang-format on

static const struct program program = {
    .name = "ws-relay",
    .summary = "Takes events from RabbitMQ, routes them to rooms, and appends and publishes them "
               "in Redis for the edges.",
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

bool relay_settings_load(struct relay_settings *out, struct buffer *errors, struct buffer *warnings)
{
    bool read = settings_read_dotenv(".env", errors);
    bool loaded = settings_load(table, ARRAY_LEN(table), out, errors);

    settings_find_typos(warnings);
    if (loaded) {
        check_exchanges(out, errors);
        check_queue_prefix(span_of(out->queue_prefix), errors);
    }
    return read && loaded && errors->len == 0;
}
