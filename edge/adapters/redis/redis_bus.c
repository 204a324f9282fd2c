#define LOG_MODULE "redis_bus"

#include "edge/adapters/redis/redis_bus.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/redis_error.h"
#include "edge/adapters/redis/redis_bus_internal.h"

#define CONNECT_MS        5000
#define FLUSH_MS          1000 // how long closing waits for answers
#define UNANSWERED_MS     10000
#define PULSE_MS          1000
#define PENDING_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define EDGE_EXPIRY_S     15
#define UNHEARD_MAX       5 // echoes

// ---- losing and finding Redis

static void resolve(struct redis_bus *bus);

static void on_retry(uv_timer_t *timer)
{
    resolve(container_of(timer, struct redis_bus, timer));
}

static void drop_links(struct redis_bus *bus)
{
    for (enum link link = 0; link < LINKS; link++) {
        struct redis_connection *connection = bus->links[link];
        bus->links[link] = NULL;
        redis_connection_close(connection);
    }
    bus->pending_bytes = 0;
    metric_set(&bus->metrics->pending_bytes, 0);
}

static bool is_answered(const struct redis_bus *bus)
{
    const struct redis_connection *commands = bus->links[COMMANDS];
    const struct redis_connection *subscriptions = bus->links[SUBSCRIPTIONS];

    return (commands && redis_connection_is_answered(commands)) ||
           (subscriptions && redis_connection_is_answered(subscriptions));
}

static void fail(struct redis_bus *bus, const char *reason)
{
    bool was_up = bus->state == UP;

    if (bus->state == WAITING || bus->state == CLOSING)
        return;
    bus->state = WAITING;
    metric_add(&bus->metrics->failures, 1);
    metric_set(&bus->metrics->connected, 0);
    outage_log_begin(&bus->outage, reason);
    uv_timer_start(&bus->timer, on_retry, backoff_next_ms(&bus->backoff, is_answered(bus)), 0);
    drop_links(bus);
    if (was_up)
        bus->interface.handlers.on_down(bus->interface.handlers.arg);
    if (bus->options->sessions)
        redis_sessions_on_down(bus->options->sessions);
}

// The shards, control, the echo, and what is said to this edge alone.
static unsigned channel_count(const struct redis_bus *bus)
{
    return bus->options->shards + 2 + (bus->options->sessions ? 1 : 0);
}

static void on_connect_timeout(uv_timer_t *timer)
{
    fail(container_of(timer, struct redis_bus, timer), "no connection within 5 s");
}

static void on_pulse(uv_timer_t *timer);

static void check_up(struct redis_bus *bus)
{
    if (bus->state != CONNECTING || !bus->commands_ready ||
        bus->channels_ready < channel_count(bus) ||
        (bus->options->sessions && !redis_sessions_is_loaded(bus->options->sessions)))
        return;
    bus->state = UP;
    bus->unheard = 0;
    bus->unanswered_since_ms = 0;
    bus->refusal[0] = '\0';
    metric_set(&bus->metrics->answered_at_ms, clock_monotonic_ms());
    uv_timer_start(&bus->timer, on_pulse, PULSE_MS, PULSE_MS);
    outage_log_clear(&bus->outage);
    log_info("connected to Redis host=%s port=%u attempts=%u", bus->options->host,
             bus->options->port, bus->backoff.attempts + 1);
    backoff_reset(&bus->backoff);
    metric_add(&bus->metrics->connects, 1);
    metric_set(&bus->metrics->connected, 1);
    bus_report_up(&bus->interface);
    if (bus->options->sessions)
        redis_sessions_on_up(bus->options->sessions);
}

static void on_scripts_loaded(void *bus)
{
    check_up(bus);
}

// What Redis refuses is told when it is new, or comes after an announcement was taken.
static void note_refusal(struct redis_bus *bus, const char *error)
{
    metric_add(&bus->metrics->refusals, 1);
    if (strncmp(bus->refusal, error, sizeof(bus->refusal) - 1) == 0)
        return;
    snprintf(bus->refusal, sizeof(bus->refusal), "%s", error);
    log_warn("Redis refuses commands, going on reason=\"%s\"", bus->refusal);
}

bool redis_bus_takes(struct redis_bus *bus, const struct redis_value *value)
{
    const char *error = redis_value_error(value);

    if (!error)
        return true;
    if (bus->state == CONNECTING || redis_error_ends_connection(error))
        fail(bus, error);
    else
        note_refusal(bus, error);
    return false;
}

static void on_auth(const struct redis_value *value, uintptr_t tag, void *arg)
{
    const char *error = redis_value_error(value);

    (void)tag;
    if (error && redis_error_wants_no_password(error))
        log_warn("REDIS_PASSWORD is set, but Redis wants none; going on without it");
    else
        (void)redis_bus_takes(arg, value);
}

// What a replica takes is not what edges and relays follow. Who may not ask finds out when the
// first announcement is refused.
static void on_role(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const char *error = redis_value_error(value);

    (void)tag;
    if (error && redis_error_ends_connection(error))
        fail(bus, error);
    else if (redis_value_count(value) > 0 &&
             !span_is(redis_value_text(redis_value_item(value, 0)), "master"))
        fail(bus, "this server is no primary");
}

static void on_select(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (!redis_bus_takes(bus, value))
        return;
    bus->commands_ready = true;
    check_up(bus);
}

// ---- what is published

// A push of a subscription is its kind, the channel, and what it says. True for a publication.
static bool take_push(struct redis_bus *bus, const struct redis_value *value, struct span *message)
{
    bus->unheard = 0;
    if (!redis_bus_takes(bus, value) || redis_value_count(value) != 3)
        return false;
    if (span_is(redis_value_text(redis_value_item(value, 0)), "subscribe")) {
        bus->channels_ready++;
        check_up(bus);
        return false;
    }
    *message = redis_value_text(redis_value_item(value, 2));
    return bus->state == UP;
}

static void on_shard_push(const struct redis_value *value, uintptr_t shard, void *arg)
{
    struct redis_bus *bus = arg;
    const struct bus_handlers *handlers = &bus->interface.handlers;
    struct span message;

    if (take_push(bus, value, &message))
        handlers->on_envelope((unsigned)shard, message, handlers->arg);
}

static void on_control_push(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const struct bus_control_handlers *handlers = &bus->interface.control;
    struct span message;

    (void)tag;
    if (take_push(bus, value, &message))
        handlers->on_control(message, handlers->arg);
}

static void on_echo(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct span message;

    (void)tag;
    (void)take_push(arg, value, &message); // that it came is all that it says
}

static void on_published(const struct redis_value *value, uintptr_t len, void *arg)
{
    struct redis_bus *bus = arg;

    bus->pending_bytes -= len;
    metric_set(&bus->metrics->pending_bytes, bus->pending_bytes);
    if (!redis_bus_takes(bus, value))
        metric_add(&bus->metrics->publish_failed, 1);
}

static void publish_on(struct redis_bus *bus, const char *channel, struct span message)
{
    if (bus->state != UP || bus->pending_bytes + message.len > PENDING_BYTES_MAX) {
        metric_add(&bus->metrics->publish_dropped, 1);
        return;
    }
    bus->pending_bytes += message.len;
    metric_set(&bus->metrics->pending_bytes, bus->pending_bytes);
    metric_add(&bus->metrics->published, 1);
    metric_add(&bus->metrics->publish_bytes, message.len);
    redis_connection_send(bus->links[COMMANDS], on_published, message.len, "PUBLISH %s %b", channel,
                          message.ptr, message.len);
}

static void publish(struct bus *interface, unsigned shard, struct span envelope)
{
    char channel[REDIS_SHARD_KEY_MAX];

    redis_bus_channel(shard, channel);
    publish_on(redis_bus_of(interface), channel, envelope);
}

static void publish_control(struct bus *interface, struct span control)
{
    publish_on(redis_bus_of(interface), REDIS_CONTROL_CHANNEL, control);
}

// ---- that Redis answers, and hears

static void note_answer(struct redis_bus *bus)
{
    bus->unanswered_since_ms = 0;
    metric_set(&bus->metrics->answered_at_ms, clock_monotonic_ms());
}

static void on_echo_taken(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    note_answer(bus);
    if (redis_bus_takes(bus, value) && ++bus->unheard >= UNHEARD_MAX)
        fail(bus, "the subscription is silent although commands are answered");
}

// A subscription whose flow has died without a word looks like one that has nothing to say, so
// each edge says something that only it hears. Redis takes it whatever else it refuses.
static void on_pulse(uv_timer_t *timer)
{
    struct redis_bus *bus = container_of(timer, struct redis_bus, timer);
    uint64_t now_ms = clock_monotonic_ms();

    if (bus->unanswered_since_ms != 0) {
        if (now_ms - bus->unanswered_since_ms >= UNANSWERED_MS)
            fail(bus, "no answer for 10 s");
        return;
    }
    bus->unanswered_since_ms = now_ms;
    redis_connection_send(bus->links[COMMANDS], on_echo_taken, 0,
                          "PUBLISH " REDIS_ECHO_CHANNEL "%s .", bus->options->edge_id);
    redis_bus_read_again(bus);
}

// Announcements must not pile up where nothing is answered.
static bool is_behind(const struct redis_bus *bus)
{
    return bus->unanswered_since_ms != 0 &&
           clock_monotonic_ms() - bus->unanswered_since_ms >= PULSE_MS;
}

static void on_announced(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (redis_bus_takes(bus, value))
        bus->refusal[0] = '\0';
}

static void announce(struct bus *interface, size_t sockets, size_t rooms)
{
    struct redis_bus *bus = redis_bus_of(interface);
    const char *id = bus->options->edge_id;

    if (bus->state != UP || is_behind(bus))
        return;
    redis_connection_send(bus->links[COMMANDS], on_announced, 0,
                          "HSET " REDIS_EDGE_KEY "%s " REDIS_EDGE_SOCKETS_FIELD
                          " %llu " REDIS_EDGE_ROOMS_FIELD " %llu " REDIS_EDGE_AT_FIELD " %llu",
                          id, (unsigned long long)sockets, (unsigned long long)rooms,
                          (unsigned long long)clock_wall_ms()); // hiredis knows no %zu
    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "EXPIRE " REDIS_EDGE_KEY "%s %d",
                          id, EDGE_EXPIRY_S);
}

// ---- closing

static void finish_closing(struct redis_bus *bus)
{
    if (bus->state == CLOSING && bus->open_handles == 0 && !bus->lookup.busy)
        bus->on_closed(bus->on_closed_arg);
}

static void on_handle_closed(void *arg)
{
    struct redis_bus *bus = arg;

    bus->open_handles--;
    finish_closing(bus);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(container_of((uv_timer_t *)handle, struct redis_bus, timer));
}

static void end(struct redis_bus *bus)
{
    drop_links(bus);
    uv_close((uv_handle_t *)&bus->timer, on_timer_closed);
}

static void on_flush_timeout(uv_timer_t *timer)
{
    struct redis_bus *bus = container_of(timer, struct redis_bus, timer);

    log_warn("Redis does not answer; what was published last may be lost bytes=%zu",
             bus->pending_bytes);
    end(bus);
}

// The last command of all: its answer means that all before it were answered.
static void on_farewell(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)value, (void)tag;
    end(arg);
}

// ---- connecting

static void on_broken(const char *reason, void *arg)
{
    struct redis_bus *bus = arg;

    if (bus->state == CLOSING)
        end(bus);
    else
        fail(bus, reason);
}

static bool open_link(struct redis_bus *bus, enum link link, const char *address)
{
    const struct redis_connection_handlers handlers = {
        .on_broken = on_broken, .on_closed = on_handle_closed, .arg = bus};
    const char *reason;
    struct redis_connection *connection =
        redis_connection_new(bus->loop, address, bus->options->port, &handlers, &reason);

    if (!connection) {
        fail(bus, reason);
        return false;
    }
    bus->links[link] = connection;
    bus->open_handles++;
    if (bus->options->password)
        redis_connection_send(connection, on_auth, 0, "AUTH %s", bus->options->password);
    return true;
}

static void subscribe(struct redis_bus *bus)
{
    struct redis_connection *connection = bus->links[SUBSCRIPTIONS];
    char channel[REDIS_SHARD_KEY_MAX];

    for (unsigned shard = 0; shard < bus->options->shards; shard++) {
        redis_bus_channel(shard, channel);
        redis_connection_send(connection, on_shard_push, shard, "SUBSCRIBE %s", channel);
    }
    redis_connection_send(connection, on_control_push, 0, "SUBSCRIBE %s", REDIS_CONTROL_CHANNEL);
    if (bus->options->sessions)
        redis_connection_send(connection, on_control_push, 0, "SUBSCRIBE " REDIS_EDGE_CHANNEL "%s",
                              bus->options->edge_id);
    redis_connection_send(connection, on_echo, 0, "SUBSCRIBE " REDIS_ECHO_CHANNEL "%s",
                          bus->options->edge_id);
}

static void connect_to(struct redis_bus *bus, const char *address)
{
    bus->state = CONNECTING;
    bus->commands_ready = false;
    bus->channels_ready = 0;
    if (!open_link(bus, COMMANDS, address) || !open_link(bus, SUBSCRIPTIONS, address))
        return;
    redis_connection_send(bus->links[COMMANDS], on_role, 0, "ROLE");
    redis_connection_send(bus->links[COMMANDS], on_select, 0, "SELECT %u", bus->options->database);
    if (bus->options->sessions)
        redis_sessions_load(bus->options->sessions, bus->links[COMMANDS], on_scripts_loaded, bus);
    subscribe(bus);
}

static void on_address(const char *address, const char *reason, void *arg)
{
    struct redis_bus *bus = arg;

    if (bus->state == CLOSING)
        finish_closing(bus);
    else if (bus->state != RESOLVING)
        return; // it took too long, and the attempt has failed
    else if (address)
        connect_to(bus, address);
    else
        fail(bus, reason);
}

static void resolve(struct redis_bus *bus)
{
    const char *reason;

    bus->state = RESOLVING;
    uv_timer_start(&bus->timer, on_connect_timeout, CONNECT_MS, 0);
    reason = host_lookup_start(&bus->lookup, bus->loop, bus->options->host, bus->backoff.attempts);
    if (reason)
        fail(bus, reason);
}

bool redis_bus_is_answered(const struct redis_bus_metrics *metrics, uint64_t now_ms)
{
    return now_ms < metric_get(&metrics->answered_at_ms) + REDIS_SILENT_MS;
}

static const struct bus_ops ops = {
    .publish = publish,
    .publish_control = publish_control,
    .read = redis_bus_read,
    .read_newest = redis_bus_read_newest,
    .announce = announce,
};

struct redis_bus *redis_bus_new(const struct redis_bus_options *options, struct event_loop *loop,
                                struct redis_bus_metrics *metrics)
{
    struct redis_bus *bus = mem_zalloc(sizeof(*bus));

    bus->interface.ops = &ops;
    bus->options = options;
    bus->loop = loop;
    bus->metrics = metrics;
    bus->outage = (struct outage_log){
        .module = LOG_MODULE,
        .what = "Redis",
        .settings = "REDIS_HOST, REDIS_PORT and REDIS_PASSWORD",
    };
    bus->lookup.on_done = on_address;
    bus->lookup.arg = bus;
    uv_timer_init(&loop->uv, &bus->timer);
    bus->open_handles = 1;
    return bus;
}

struct bus *redis_bus_interface(struct redis_bus *bus)
{
    return &bus->interface;
}

void redis_bus_start(struct redis_bus *bus)
{
    resolve(bus);
}

void redis_bus_close(struct redis_bus *bus, void (*on_closed)(void *arg), void *arg)
{
    bool was_up = bus->state == UP;

    bus->state = CLOSING;
    bus->on_closed = on_closed;
    bus->on_closed_arg = arg;
    metric_set(&bus->metrics->connected, 0);
    host_lookup_cancel(&bus->lookup);
    if (!was_up) {
        end(bus);
        return;
    }
    uv_timer_start(&bus->timer, on_flush_timeout, FLUSH_MS, 0);
    redis_connection_send(bus->links[COMMANDS], on_farewell, 0, "DEL " REDIS_EDGE_KEY "%s",
                          bus->options->edge_id);
}

void redis_bus_free(struct redis_bus *bus)
{
    free(bus);
}
