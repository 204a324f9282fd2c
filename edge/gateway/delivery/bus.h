// The bus as the gateway sees it: the publications of the relay and of all edges, and the log of
// every shard. An adapter implements `bus_ops` and calls the handlers. It reconnects to the broker
// by itself.
//
// The shards may be spread over several brokers, which come up and go down each for itself. A shard
// is down until on_up of its part; from then until on_down none of its publications is missed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/span.h"
#include "proto/position.h"
#include "proto/uplink.h"

struct bus;

// The shards of one broker: those whose number is `node` modulo `nodes`.
struct bus_part {
    unsigned node, nodes;
};

#define BUS_PARTS_MAX 16
#define BUS_WHOLE     ((struct bus_part){.node = 0, .nodes = 1})

struct bus_entry {
    struct position position;
    struct span envelope;
};

// The handlers of the log follower. They borrow spans and entries until they return.
struct bus_handlers {
    void (*on_up)(struct bus_part part, void *arg);
    void (*on_down)(struct bus_part part, void *arg); // its pending reads get no answer
    void (*on_envelope)(unsigned shard, struct span envelope, void *arg);
    // The answers to bus_read() and bus_read_newest(), in the order of the calls.
    void (*on_page)(unsigned shard, const struct bus_entry *entries, size_t count, void *arg);
    void (*on_newest)(unsigned shard, struct position newest, void *arg);
    void *arg;
};

// The handlers of the control channel. When the first part of the bus comes up, which has the
// commands, this on_up is called before that of the log follower. After it, and before the log
// follower's first answer from this part, on_revocation is called for each revocation that the
// broker has; later ones come as control messages.
struct bus_control_handlers {
    void (*on_revocation)(struct span user, uint64_t at_ms, uint64_t until_ms, void *arg);
    void (*on_revocations_read)(void *arg); // that was the last of them
    void (*on_up)(void *arg);
    // `part`: over which it came. Heartbeats come over each.
    void (*on_control)(struct bus_part part, struct span control, void *arg);
    void *arg;
};

enum bus_uplink {
    BUS_UPLINK_ADDED = 0,
    BUS_UPLINK_FULL,
    BUS_UPLINK_FAILED, // an error; the entry may have been added nevertheless
};

// The handlers of the uplink. Not called unless bus_tell() was.
struct bus_uplink_handlers {
    void (*on_told)(enum bus_uplink result, void *arg); // for the calls in their order
    void (*on_down)(void *arg); // what is not answered gets no answer, and may have been added
    void *arg;
};

struct bus_ops {
    void (*publish)(struct bus *bus, unsigned shard, struct span envelope);
    void (*publish_control)(struct bus *bus, struct span control);
    void (*read)(struct bus *bus, unsigned shard, struct position after, size_t count);
    void (*read_newest)(struct bus *bus, unsigned shard);
    void (*announce)(struct bus *bus, size_t sockets, size_t rooms);
    void (*store_revocation)(struct bus *bus, struct span user, uint64_t at_ms, uint64_t until_ms,
                             uint64_t last_ms);
    bool (*tell)(struct bus *bus, const struct uplink_entry *entry);
};

struct bus {
    const struct bus_ops *ops;
    struct bus_handlers handlers; // all are set before the bus is started
    struct bus_control_handlers control;
    struct bus_uplink_handlers uplink;
};

// Publishes to all edges, this one included. While the shard is down the envelope is dropped and
// counted.
static inline void bus_publish(struct bus *bus, unsigned shard, struct span envelope)
{
    bus->ops->publish(bus, shard, envelope);
}

// Publishes on the control channel of the first part, to all edges and to tools that listen. While
// it is down the message is dropped and counted.
static inline void bus_publish_control(struct bus *bus, struct span control)
{
    bus->ops->publish_control(bus, control);
}

// Requests up to `count` entries of the shard's log behind `after`, oldest first. on_page answers.
static inline void bus_read(struct bus *bus, unsigned shard, struct position after, size_t count)
{
    bus->ops->read(bus, shard, after, count);
}

// Requests the position of the newest entry of the shard's log. on_newest answers.
static inline void bus_read_newest(struct bus *bus, unsigned shard)
{
    bus->ops->read_newest(bus, shard);
}

// Announces that this edge is alive, with its numbers of sockets and rooms.
static inline void bus_announce(struct bus *bus, size_t sockets, size_t rooms)
{
    bus->ops->announce(bus, sockets, rooms);
}

// Stores a revocation that the broker has lost, unless it has one of that user. `last_ms` is the
// end of the revocation that lasts longest; until then the broker keeps them all.
static inline void bus_store_revocation(struct bus *bus, struct span user, uint64_t at_ms,
                                        uint64_t until_ms, uint64_t last_ms)
{
    bus->ops->store_revocation(bus, user, at_ms, until_ms, last_ms);
}

// Adds an entry to the uplink (uplink.h), which is on the first part. Returns false if that is
// down; otherwise on_told answers, or on_down is called. Entries are added in the order of the
// calls.
static inline bool bus_tell(struct bus *bus, const struct uplink_entry *entry)
{
    return bus->ops->tell(bus, entry);
}

// Called by the adapter when a part of the bus has come up.
static inline void bus_report_up(struct bus *bus, struct bus_part part)
{
    if (part.node == 0)
        bus->control.on_up(bus->control.arg);
    bus->handlers.on_up(part, bus->handlers.arg);
}
