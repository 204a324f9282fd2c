#define LOG_MODULE "redis_bus"

#include "edge/adapters/redis_bus.h"

#include <stdlib.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/shard.h"
#include "edge/adapters/host_lookup.h"
#include "edge/adapters/redis_connection.h"

#define CONNECT_MS        5000
#define FLUSH_MS          1000 // how long closing waits for answers
#define UNANSWERED_MS     10000
#define PENDING_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define EDGE_KEY_PREFIX   "ws:edges:"
#define EDGE_EXPIRY_S     15
#define ECHO_PREFIX       "ws:echo:"
#define UNHEARD_MAX       3 // echoes, one with each announcement

enum state { IDLE = 0, RESOLVING, CONNECTING, WAITING, UP, CLOSING };
enum link { COMMANDS = 0, SUBSCRIPTIONS, LINKS };

struct redis_bus {
    struct bus interface;
    const struct redis_bus_options *options;
    struct event_loop *loop;
    struct redis_bus_metrics *metrics;
    enum state state;
    struct backoff backoff;
    uv_timer_t timer; // ends an attempt to connect, or the wait before the next one
    struct host_lookup lookup;
    struct redis_connection *links[LINKS];
    bool commands_ready;
    unsigned channels_ready;
    unsigned unheard; // echoes that Redis took since the subscription said anything
    size_t pending_bytes;
    uint64_t unanswered_since_ms; // of the oldest announcement; 0: none
    unsigned open_handles;        // of the timer and the connections
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

static struct redis_bus *bus_of(struct bus *interface)
{
    return container_of(interface, struct redis_bus, interface);
}

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

static void log_failure(const struct redis_bus *bus, bool was_up, const char *reason)
{
    const struct redis_bus_options *o = bus->options;

    if (was_up)
        log_warn("lost Redis, reconnecting host=%s port=%u reason=\"%s\"", o->host, o->port,
                 reason);
    else if (bus->backoff.attempts == 0)
        log_warn("cannot reach Redis, trying on host=%s port=%u reason=\"%s\"; check REDIS_HOST, "
                 "REDIS_PORT and REDIS_PASSWORD",
                 o->host, o->port, reason);
    else
        log_debug("still cannot reach Redis attempts=%u reason=\"%s\"", bus->backoff.attempts,
                  reason);
}

static void fail(struct redis_bus *bus, const char *reason)
{
    bool was_up = bus->state == UP;

    if (bus->state == WAITING || bus->state == CLOSING)
        return;
    bus->state = WAITING;
    metric_add(&bus->metrics->failures, 1);
    metric_set(&bus->metrics->connected, 0);
    log_failure(bus, was_up, reason);
    uv_timer_start(&bus->timer, on_retry, backoff_next_ms(&bus->backoff), 0);
    drop_links(bus);
    if (was_up)
        bus->interface.handlers.on_down(bus->interface.handlers.arg);
}

static void on_connect_timeout(uv_timer_t *timer)
{
    fail(container_of(timer, struct redis_bus, timer), "no connection within 5 s");
}

static void check_up(struct redis_bus *bus)
{
    if (bus->state != CONNECTING || !bus->commands_ready ||
        bus->channels_ready < bus->options->shards + 2) // the shards, control and the echo
        return;
    bus->state = UP;
    bus->unheard = 0;
    bus->unanswered_since_ms = 0;
    uv_timer_stop(&bus->timer);
    log_info("connected to Redis host=%s port=%u attempts=%u", bus->options->host,
             bus->options->port, bus->backoff.attempts + 1);
    backoff_reset(&bus->backoff);
    metric_add(&bus->metrics->connects, 1);
    metric_set(&bus->metrics->connected, 1);
    bus->interface.handlers.on_up(bus->interface.handlers.arg);
}

// The error of a reply ends both connections; false then.
static bool is_good(struct redis_bus *bus, const struct redis_value *value)
{
    const char *error = redis_value_error(value);

    if (error)
        fail(bus, error);
    return !error;
}

// A password that Redis does not ask for is no reason to stay away.
static void on_auth(const struct redis_value *value, uintptr_t tag, void *arg)
{
    const char *error = redis_value_error(value);

    (void)tag;
    if (error && strstr(error, "without any password"))
        log_warn("REDIS_PASSWORD is set, but Redis wants none");
    else
        (void)is_good(arg, value);
}

static void on_select(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (!is_good(bus, value))
        return;
    bus->commands_ready = true;
    check_up(bus);
}

// ---- what is published

// A push of a subscription is its kind, the channel, and what it says. True for a publication.
static bool take_push(struct redis_bus *bus, const struct redis_value *value, struct span *message)
{
    bus->unheard = 0;
    if (!is_good(bus, value) || redis_value_count(value) != 3)
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
    const struct bus_handlers *handlers = &bus->interface.handlers;
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
    if (redis_value_error(value))
        metric_add(&bus->metrics->publish_failed, 1);
}

static void publish(struct bus *interface, unsigned shard, struct span envelope)
{
    struct redis_bus *bus = bus_of(interface);
    char channel[SHARD_KEY_MAX];

    if (bus->state != UP || bus->pending_bytes + envelope.len > PENDING_BYTES_MAX) {
        metric_add(&bus->metrics->publish_dropped, 1);
        return;
    }
    shard_bus_channel(shard, channel);
    bus->pending_bytes += envelope.len;
    metric_set(&bus->metrics->pending_bytes, bus->pending_bytes);
    metric_add(&bus->metrics->published, 1);
    metric_add(&bus->metrics->publish_bytes, envelope.len);
    redis_connection_send(bus->links[COMMANDS], on_published, envelope.len, "PUBLISH %s %b",
                          channel, envelope.ptr, envelope.len);
}

// ---- the log

// A stream entry is [id, [field, value, …]].
static struct bus_entry read_entry(const struct redis_value *value)
{
    struct bus_entry entry = {0};
    const struct redis_value *fields;

    if (redis_value_count(value) != 2 ||
        !position_parse(redis_value_text(redis_value_item(value, 0)), &entry.position))
        return entry;
    fields = redis_value_item(value, 1);
    for (size_t i = 0; i + 1 < redis_value_count(fields); i += 2)
        if (span_is(redis_value_text(redis_value_item(fields, i)), "e"))
            entry.envelope = redis_value_text(redis_value_item(fields, i + 1));
    return entry;
}

static void on_range(const struct redis_value *value, uintptr_t shard, void *arg)
{
    struct redis_bus *bus = arg;
    const struct bus_handlers *handlers = &bus->interface.handlers;
    size_t count = redis_value_count(value);

    if (!is_good(bus, value))
        return;
    struct bus_entry *entries = mem_alloc((count + 1) * sizeof(entries[0]));
    for (size_t i = 0; i < count; i++)
        entries[i] = read_entry(redis_value_item(value, i));
    handlers->on_page((unsigned)shard, entries, count, handlers->arg);
    free(entries);
}

static void on_newest(const struct redis_value *value, uintptr_t shard, void *arg)
{
    struct redis_bus *bus = arg;
    const struct bus_handlers *handlers = &bus->interface.handlers;
    struct position newest = {0};

    if (!is_good(bus, value))
        return;
    if (redis_value_count(value) > 0)
        newest = read_entry(redis_value_item(value, 0)).position;
    handlers->on_newest((unsigned)shard, newest, handlers->arg);
}

static void read_log(struct bus *interface, unsigned shard, struct position after, size_t count)
{
    struct redis_bus *bus = bus_of(interface);
    char key[SHARD_KEY_MAX], from[POSITION_TEXT_MAX];

    if (bus->state != UP)
        return;
    shard_log_key(shard, key);
    position_print(after, from);
    redis_connection_send(bus->links[COMMANDS], on_range, shard, "XRANGE %s (%s + COUNT %u", key,
                          from, (unsigned)count);
}

static void read_newest(struct bus *interface, unsigned shard)
{
    struct redis_bus *bus = bus_of(interface);
    char key[SHARD_KEY_MAX];

    if (bus->state != UP)
        return;
    shard_log_key(shard, key);
    redis_connection_send(bus->links[COMMANDS], on_newest, shard, "XREVRANGE %s + - COUNT 1", key);
}

static void on_announced(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (is_good(bus, value))
        bus->unanswered_since_ms = 0;
}

static void on_echo_taken(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (is_good(bus, value) && ++bus->unheard >= UNHEARD_MAX)
        fail(bus, "the subscription is silent although commands are answered");
}

// A subscription whose flow has died without a word looks like one that has nothing to say, so
// each edge says something that only it hears.
static void send_echo(struct redis_bus *bus)
{
    redis_connection_send(bus->links[COMMANDS], on_echo_taken, 0, "PUBLISH " ECHO_PREFIX "%s .",
                          bus->options->edge_id);
}

// Doubles as the check that Redis still answers, on both connections.
static void announce(struct bus *interface, size_t sockets, size_t rooms)
{
    struct redis_bus *bus = bus_of(interface);
    const char *id = bus->options->edge_id;
    uint64_t now_ms = uv_now(&bus->loop->uv);

    if (bus->state != UP)
        return;
    if (bus->unanswered_since_ms != 0) {
        if (now_ms - bus->unanswered_since_ms >= UNANSWERED_MS)
            fail(bus, "no answer for 10 s");
        return;
    }
    bus->unanswered_since_ms = now_ms;
    redis_connection_send(bus->links[COMMANDS], on_announced, 0,
                          "HSET " EDGE_KEY_PREFIX "%s sockets %llu rooms %llu at_ms %llu", id,
                          (unsigned long long)sockets, (unsigned long long)rooms,
                          (unsigned long long)clock_wall_ms()); // hiredis knows no %zu
    redis_connection_send(bus->links[COMMANDS], on_announced, 0, "EXPIRE " EDGE_KEY_PREFIX "%s %d",
                          id, EDGE_EXPIRY_S);
    send_echo(bus);
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
    char channel[SHARD_KEY_MAX];

    for (unsigned shard = 0; shard < bus->options->shards; shard++) {
        shard_bus_channel(shard, channel);
        redis_connection_send(connection, on_shard_push, shard, "SUBSCRIBE %s", channel);
    }
    redis_connection_send(connection, on_control_push, 0, "SUBSCRIBE %s", CONTROL_CHANNEL);
    redis_connection_send(connection, on_echo, 0, "SUBSCRIBE " ECHO_PREFIX "%s",
                          bus->options->edge_id);
}

static void connect_to(struct redis_bus *bus, const char *address)
{
    bus->state = CONNECTING;
    bus->commands_ready = false;
    bus->channels_ready = 0;
    if (!open_link(bus, COMMANDS, address) || !open_link(bus, SUBSCRIPTIONS, address))
        return;
    redis_connection_send(bus->links[COMMANDS], on_select, 0, "SELECT %u", bus->options->database);
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

static const struct bus_ops ops = {
    .publish = publish,
    .read = read_log,
    .read_newest = read_newest,
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
    redis_connection_send(bus->links[COMMANDS], on_farewell, 0, "DEL " EDGE_KEY_PREFIX "%s",
                          bus->options->edge_id);
}

void redis_bus_free(struct redis_bus *bus)
{
    free(bus);
}
