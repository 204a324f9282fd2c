// Publishing. The bytes that Redis has not answered yet are bounded; a message beyond that is
// dropped and counted.
#include "edge/adapters/redis/redis_bus_internal.h"

#define PENDING_BYTES_MAX ((size_t)4 * 1024 * 1024)

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

void redis_bus_publish(struct bus *interface, unsigned shard, struct span envelope)
{
    struct redis_bus *bus = redis_bus_of(interface);
    char channel[REDIS_SHARD_KEY_MAX];

    redis_bus_channel(bus->options->names, shard, channel);
    publish_on(bus, channel, envelope);
}

void redis_bus_publish_control(struct bus *interface, struct span control)
{
    struct redis_bus *bus = redis_bus_of(interface);

    publish_on(bus, bus->options->names->control, control);
}
