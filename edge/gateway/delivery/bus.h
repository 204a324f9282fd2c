// The bus as the gateway sees it: what relay and edges publish, and the log behind it.
// An adapter implements it and calls the handlers. A bus is down until on_up; from then until
// on_down no publication is missed. Reconnecting to the broker is the adapter's task.
#pragma once

#include <stddef.h>

#include "common/span.h"
#include "proto/position.h"

struct bus;

struct bus_entry {
    struct position position;
    struct span envelope;
};

// What follows the log. Everything is borrowed until the handler returns.
struct bus_handlers {
    void (*on_up)(void *arg);
    void (*on_down)(void *arg); // reads that were under way get no answer
    void (*on_envelope)(unsigned shard, struct span envelope, void *arg);
    // The answers to bus_read() and bus_read_newest(), in the order of asking.
    void (*on_page)(unsigned shard, const struct bus_entry *entries, size_t count, void *arg);
    void (*on_newest)(unsigned shard, struct position newest, void *arg);
    void *arg;
};

// What happens on the control channel, and before anything else when the bus comes up.
struct bus_control_handlers {
    void (*on_up)(void *arg);
    void (*on_control)(struct span control, void *arg);
    void *arg;
};

struct bus_ops {
    void (*publish)(struct bus *bus, unsigned shard, struct span envelope);
    void (*publish_control)(struct bus *bus, struct span control);
    void (*read)(struct bus *bus, unsigned shard, struct position after, size_t count);
    void (*read_newest)(struct bus *bus, unsigned shard);
    void (*announce)(struct bus *bus, size_t sockets, size_t rooms);
};

struct bus {
    const struct bus_ops *ops;
    struct bus_handlers handlers; // both are set before the bus is started
    struct bus_control_handlers control;
};

// Publishes to all edges, this one included. Lost, and counted, while the bus is down.
static inline void bus_publish(struct bus *bus, unsigned shard, struct span envelope)
{
    bus->ops->publish(bus, shard, envelope);
}

// Says something on the control channel, to edges and whoever listens. Lost as envelopes are.
static inline void bus_publish_control(struct bus *bus, struct span control)
{
    bus->ops->publish_control(bus, control);
}

// Asks for up to `count` entries of the shard's log behind `after`, oldest first: on_page.
static inline void bus_read(struct bus *bus, unsigned shard, struct position after, size_t count)
{
    bus->ops->read(bus, shard, after, count);
}

// Asks for the position of the newest entry of the shard's log: on_newest.
static inline void bus_read_newest(struct bus *bus, unsigned shard)
{
    bus->ops->read_newest(bus, shard);
}

// Says that this edge is alive and how much it holds.
static inline void bus_announce(struct bus *bus, size_t sockets, size_t rooms)
{
    bus->ops->announce(bus, sockets, rooms);
}

// For the adapter: the bus is up.
static inline void bus_report_up(struct bus *bus)
{
    bus->control.on_up(bus->control.arg);
    bus->handlers.on_up(bus->handlers.arg);
}
