// Asking a Sentinel where the primary is, at each attempt to connect. An attempt asks one Sentinel;
// if it fails, also because the server that was named is no primary any more, the next attempt asks
// the next one.
#include <stdio.h>

#include "edge/adapters/redis/redis_bus_internal.h"

static const struct host_address *next_sentinel(const struct redis_bus *bus)
{
    const struct redis_settings *redis = bus->options->redis;

    return &redis->sentinels.items[bus->sentinel % redis->sentinels.count];
}

void redis_bus_ask_sentinel(struct redis_bus *bus)
{
    bus->state = ASKING;
    redis_bus_look_up(bus, next_sentinel(bus)->host);
}

static void refuse(struct redis_bus *bus, const char *error)
{
    char reason[160];

    snprintf(reason, sizeof(reason), "a Sentinel: %s", error);
    redis_bus_fail(bus, reason);
}

static void on_login(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)tag;
    if (redis_value_error(value))
        refuse(arg, redis_value_error(value));
}

static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;

    (void)tag;
    if (bus->state != ASKING)
        return;
    if (redis_value_error(value)) {
        refuse(bus, redis_value_error(value));
    } else if (redis_value_count(value) != 2 ||
               !redis_address_set(&bus->primary, redis_value_text(redis_value_item(value, 0)),
                                  redis_value_text(redis_value_item(value, 1)))) {
        redis_bus_fail(bus, "the Sentinel knows no primary with the name of REDIS_MASTER_NAME");
    } else {
        struct redis_connection *sentinel = bus->links[SENTINEL];
        bus->links[SENTINEL] = NULL;
        redis_connection_close(sentinel);
        bus->state = RESOLVING;
        redis_bus_look_up(bus, bus->primary.host);
    }
}

void redis_bus_on_sentinel_address(struct redis_bus *bus, const char *address)
{
    const struct redis_settings *redis = bus->options->redis;
    struct host_address at = {.port = next_sentinel(bus)->port};

    snprintf(at.host, sizeof(at.host), "%s", address);
    if (!redis_bus_open_link(bus, SENTINEL, &at))
        return;
    if (redis->sentinel_username)
        redis_connection_send(bus->links[SENTINEL], on_login, 0, "AUTH %s %s",
                              redis->sentinel_username, redis->sentinel_password);
    else if (redis->sentinel_password)
        redis_connection_send(bus->links[SENTINEL], on_login, 0, "AUTH %s",
                              redis->sentinel_password);
    redis_connection_send(bus->links[SENTINEL], on_answer, 0, "SENTINEL get-master-addr-by-name %s",
                          redis->master_name);
}
