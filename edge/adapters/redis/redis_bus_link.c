// Connecting to Redis, and losing it: opens the two connections and waits for the answers without
// which the bus is not up. A failure of either connection takes both down; after a wait the next
// attempt begins.
#define LOG_MODULE "redis_bus"

#include "edge/adapters/redis/redis_bus_internal.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/redis_error.h"

#define CONNECT_MS 5000

static void on_retry(uv_timer_t *timer)
{
    redis_bus_resolve(container_of(timer, struct redis_bus, timer));
}

void redis_bus_drop_links(struct redis_bus *bus)
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
    for (enum link link = 0; link < LINKS; link++)
        if (bus->links[link] && redis_connection_is_answered(bus->links[link]))
            return true;
    return false;
}

// The state changes before handlers are called, so that what they publish or ask is dropped.
void redis_bus_fail(struct redis_bus *bus, const char *reason)
{
    bool was_up = bus->state == UP;

    if (bus->state == WAITING || bus->state == CLOSING)
        return;
    bus->sentinel += !was_up;
    bus->state = WAITING;
    metric_add(&bus->metrics->failures, 1);
    metric_set(&bus->metrics->connected, 0);
    outage_log_begin(&bus->outage, was_up ? reason : redis_error_explain(reason));
    uv_timer_start(&bus->timer, on_retry, backoff_next_ms(&bus->backoff, is_answered(bus)), 0);
    redis_bus_drop_links(bus);
    if (was_up)
        bus->interface.handlers.on_down(bus->options->part, bus->interface.handlers.arg);
    if (was_up && bus->options->part.node == 0)
        bus->interface.uplink.on_down(bus->interface.uplink.arg);
    if (bus->options->sessions)
        redis_sessions_on_down(bus->options->sessions);
    if (bus->options->presence)
        redis_presence_on_down(bus->options->presence);
}

static void on_connect_timeout(uv_timer_t *timer)
{
    struct redis_bus *bus = container_of(timer, struct redis_bus, timer);

    redis_bus_fail(bus, bus->options->redis->tls
                            ? "no connection within 5 s; does the server speak TLS at this port?"
                            : "no connection within 5 s");
}

// Whether the server may lack writes that were answered on an earlier connection.
static bool may_lack_writes(struct redis_bus *bus)
{
    bool is_first = metric_get(&bus->metrics->connects) == 0;
    bool is_same = redis_server_is_same(&bus->server, &bus->last_server);

    bus->last_server = bus->server;
    return !is_first && !is_same;
}

static void tell_stores(struct redis_bus *bus, bool may_lack)
{
    const struct redis_bus_options *options = bus->options;

    if (may_lack && options->sessions)
        log_warn("Redis was restarted, or is another server; sessions are written again");
    if (options->sessions)
        redis_sessions_on_up(options->sessions, may_lack);
    if (options->presence)
        redis_presence_on_up(options->presence, bus->links[COMMANDS], may_lack);
}

void redis_bus_check_up(struct redis_bus *bus)
{
    const struct redis_settings *redis = bus->options->redis;
    const struct host_address *primary = redis->sentinels.count > 0 ? &bus->primary : NULL;
    bool may_lack;

    if (bus->state != CONNECTING || !bus->commands_ready || !redis_bus_is_subscribed(bus) ||
        (bus->options->sessions && !redis_sessions_is_loaded(bus->options->sessions)))
        return;
    bus->state = UP;
    bus->refusal[0] = '\0';
    redis_bus_start_pulse(bus);
    redis_bus_tidy_list(bus);
    outage_log_clear(&bus->outage);
    log_info("connected to Redis host=%s port=%" PRId64 " attempts=%u",
             redis_settings_host(redis, primary), redis_settings_port(redis, primary),
             bus->backoff.attempts + 1);
    backoff_reset(&bus->backoff);
    may_lack = may_lack_writes(bus);
    metric_add(&bus->metrics->connects, 1);
    metric_set(&bus->metrics->connected, 1);
    if (bus->options->part.node == 0)
        redis_bus_read_revocations(bus);
    bus_report_up(&bus->interface, bus->options->part);
    tell_stores(bus, may_lack);
}

static void on_scripts_loaded(void *bus)
{
    redis_bus_check_up(bus);
}

// Logs a refusal if it differs from the last one, or an announcement was accepted since.
static void note_refusal(struct redis_bus *bus, const char *error)
{
    metric_add(&bus->metrics->refusals, 1);
    if (strncmp(bus->refusal, error, sizeof(bus->refusal) - 1) == 0)
        return;
    snprintf(bus->refusal, sizeof(bus->refusal), "%s", error);
    log_warn("Redis refuses commands, going on reason=%s", bus->refusal);
}

bool redis_bus_takes(struct redis_bus *bus, const struct redis_value *value)
{
    const char *error = redis_value_error(value);

    if (!error)
        return true;
    if (bus->state == CONNECTING || redis_error_ends_connection(error))
        redis_bus_fail(bus, error);
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

// A replica is of no use: edges and relays follow what is published at the primary. If the user may
// not call ROLE, a replica is noticed when it refuses the first announcement.
static void on_role(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const char *error = redis_value_error(value);

    (void)tag;
    if (error && redis_error_ends_connection(error))
        redis_bus_fail(bus, error);
    else if (redis_value_count(value) > 0 &&
             !span_is(redis_value_text(redis_value_item(value, 0)), "master"))
        redis_bus_fail(bus, "this server is no primary");
}

// A user who may not call INFO does not learn which server this is; then it may be any.
static void on_info(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const char *error = redis_value_error(value);

    (void)tag;
    if (error && redis_error_ends_connection(error))
        redis_bus_fail(bus, error);
    else
        redis_server_read(&bus->server, redis_value_text(value));
}

static void on_select(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (!redis_bus_takes(bus, value))
        return;
    bus->commands_ready = true;
    redis_bus_check_up(bus);
}

static void on_broken(const char *reason, void *arg)
{
    struct redis_bus *bus = arg;

    if (bus->state == CLOSING)
        redis_bus_end(bus);
    else
        redis_bus_fail(bus, reason);
}

// The form with a user came with Redis 6, so that without one any version understands it.
static void log_in(const struct redis_bus *bus, struct redis_connection *connection)
{
    const struct redis_settings *redis = bus->options->redis;

    if (redis->username)
        redis_connection_send(connection, on_auth, 0, "AUTH %s %s", redis->username,
                              redis->password);
    else if (redis->password)
        redis_connection_send(connection, on_auth, 0, "AUTH %s", redis->password);
}

// The host as it is called, for which `at` has the address.
static const char *host_of(const struct redis_bus *bus, enum link link)
{
    const struct redis_settings *redis = bus->options->redis;

    if (redis->sentinels.count == 0)
        return redis->host;
    return link == SENTINEL ? redis->sentinels.items[bus->sentinel % redis->sentinels.count].host
                            : bus->primary.host;
}

bool redis_bus_open_link(struct redis_bus *bus, enum link link, const struct host_address *at)
{
    const struct redis_connection_handlers handlers = {
        .on_broken = on_broken, .on_closed = redis_bus_on_handle_closed, .arg = bus};
    const char *reason, *socket = link == SENTINEL ? NULL : bus->options->redis->socket;
    const struct redis_endpoint endpoint = {
        .address = socket ? socket : at->host,
        .port = socket ? 0 : at->port,
        .tls = bus->options->redis->store,
        .host = host_of(bus, link),
    };
    struct redis_connection *connection;

    connection = redis_connection_new(bus->loop, &endpoint, &handlers, &reason);
    if (!connection) {
        redis_bus_fail(bus, reason);
        return false;
    }
    bus->links[link] = connection;
    bus->open_handles++;
    return true;
}

// Two questions, because Redis 6 takes one section at a time.
static void ask_which_server(struct redis_bus *bus)
{
    bus->server = (struct redis_server){0};
    redis_connection_send(bus->links[COMMANDS], on_info, 0, "INFO server");
    redis_connection_send(bus->links[COMMANDS], on_info, 0, "INFO replication");
}

// Sends all commands at once and does not wait for each answer. Answers come in order, so ROLE and
// INFO have been answered when SELECT is.
static void connect_to(struct redis_bus *bus, const struct host_address *at)
{
    bus->state = CONNECTING;
    bus->commands_ready = false;
    for (enum link link = COMMANDS; link <= SUBSCRIPTIONS; link++) {
        if (!redis_bus_open_link(bus, link, at))
            return;
        log_in(bus, bus->links[link]);
    }
    redis_connection_send(bus->links[COMMANDS], on_role, 0, "ROLE");
    if (bus->options->sessions)
        ask_which_server(bus);
    redis_connection_send(bus->links[COMMANDS], on_select, 0, "SELECT %u",
                          (unsigned)bus->options->redis->db);
    if (bus->options->sessions)
        redis_sessions_load(bus->options->sessions, bus->links[COMMANDS], on_scripts_loaded, bus);
    redis_bus_subscribe(bus);
}

static void on_server_address(struct redis_bus *bus, const char *address)
{
    const struct redis_settings *redis = bus->options->redis;
    struct host_address at = {.port = redis->sentinels.count > 0 ? bus->primary.port
                                                                 : (uint16_t)redis->port};

    snprintf(at.host, sizeof(at.host), "%s", address);
    connect_to(bus, &at);
}

void redis_bus_on_address(const char *address, const char *reason, void *arg)
{
    struct redis_bus *bus = arg;

    if (bus->state == CLOSING)
        redis_bus_finish_closing(bus);
    else if (bus->state != RESOLVING && bus->state != ASKING)
        return; // the lookup took too long, and the attempt has failed already
    else if (!address)
        redis_bus_fail(bus, reason);
    else if (bus->state == ASKING)
        redis_bus_on_sentinel_address(bus, address);
    else
        on_server_address(bus, address);
}

void redis_bus_look_up(struct redis_bus *bus, const char *host)
{
    const char *reason = host_lookup_start(&bus->lookup, bus->loop, host, bus->backoff.attempts);

    if (reason)
        redis_bus_fail(bus, reason);
}

void redis_bus_resolve(struct redis_bus *bus)
{
    const struct redis_settings *redis = bus->options->redis;

    uv_timer_start(&bus->timer, on_connect_timeout, CONNECT_MS, 0);
    if (redis->sentinels.count > 0) {
        redis_bus_ask_sentinel(bus);
    } else if (redis->socket) {
        connect_to(bus, NULL);
    } else {
        bus->state = RESOLVING;
        redis_bus_look_up(bus, redis->host);
    }
}
