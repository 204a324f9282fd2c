// Adding to the uplink. Calls are answered in their order, because all are sent over the connection
// of commands, and none is repeated.
#include "edge/adapters/redis/redis_bus_internal.h"

static void on_told(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_bus *bus = arg;
    const struct bus_uplink_handlers *handlers = &bus->interface.uplink;
    bool taken = redis_bus_takes(bus, value);

    (void)tag;
    if (!taken && bus->state != UP && bus->state != CLOSING)
        return; // the error has taken the bus down, and with it all calls
    if (taken)
        handlers->on_told(redis_value_number(value) == 1 ? BUS_UPLINK_ADDED : BUS_UPLINK_FULL,
                          handlers->arg);
    else
        handlers->on_told(BUS_UPLINK_FAILED, handlers->arg);
}

bool redis_bus_tell(struct bus *interface, const struct uplink_entry *entry)
{
    struct redis_bus *bus = redis_bus_of(interface);
    const struct redis_bus_options *o = bus->options;

    if (bus->state != UP)
        return false;
    redis_connection_send(bus->links[COMMANDS], on_told, 0, "EVAL %s 2 %s %s %llu %llu %b %b %b %b",
                          UPLINK_ADD_SCRIPT, o->names->uplink, o->names->uplink_bytes,
                          (unsigned long long)o->uplink_max_len,
                          (unsigned long long)o->uplink_max_bytes, entry->exchange.ptr,
                          entry->exchange.len, entry->routing_key.ptr, entry->routing_key.len,
                          entry->owner.ptr, entry->owner.len, entry->body.ptr, entry->body.len);
    return true;
}
