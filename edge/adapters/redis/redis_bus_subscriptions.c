// What Redis pushes: envelopes of the shards, control messages, and the edge's own echo.
#include "edge/adapters/redis/redis_bus_internal.h"

static unsigned shard_count(const struct redis_bus *bus)
{
    const struct bus_part *part = &bus->options->part;

    return (bus->options->shards - part->node + part->nodes - 1) / part->nodes;
}

// One channel for each shard, one for control messages, one for the echo, and with sessions one for
// control messages to this edge alone.
static unsigned channel_count(const struct redis_bus *bus)
{
    return shard_count(bus) + 2 + (bus->options->sessions ? 1 : 0);
}

bool redis_bus_is_subscribed(const struct redis_bus *bus)
{
    return bus->channels_ready >= channel_count(bus);
}

// A push is [kind, channel, content]. True, with its content in `message`, for a publication while
// the bus is up.
static bool take_push(struct redis_bus *bus, const struct redis_value *value, struct span *message)
{
    bus->unheard = 0;
    if (!redis_bus_takes(bus, value) || redis_value_count(value) != 3)
        return false;
    if (span_is(redis_value_text(redis_value_item(value, 0)), "subscribe")) {
        bus->channels_ready++;
        redis_bus_check_up(bus);
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
        handlers->on_control(bus->options->part, message, handlers->arg);
}

static void on_echo(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct span message;

    (void)tag;
    (void)take_push(arg, value, &message); // only the arrival counts: it clears `unheard`
}

void redis_bus_subscribe(struct redis_bus *bus)
{
    struct redis_connection *connection = bus->links[SUBSCRIPTIONS];
    const struct redis_names *names = bus->options->names;
    const struct bus_part *part = &bus->options->part;
    const char *id = bus->options->edge_id;
    char channel[REDIS_SHARD_KEY_MAX];

    bus->channels_ready = 0;
    for (unsigned shard = part->node; shard < bus->options->shards; shard += part->nodes) {
        redis_bus_channel(names, shard, channel);
        redis_connection_send(connection, on_shard_push, shard, "SUBSCRIBE %s", channel);
    }
    redis_connection_send(connection, on_control_push, 0, "SUBSCRIBE %s", names->control);
    if (bus->options->sessions)
        redis_connection_send(connection, on_control_push, 0, "SUBSCRIBE %s%s", names->edge_channel,
                              id);
    redis_connection_send(connection, on_echo, 0, "SUBSCRIBE %s%s", names->echo_channel, id);
}
