// The inside of the bus on Redis, shared by its two files: redis_bus.c has the connections and what
// is published, redis_bus_log.c reads the log.
#pragma once

#include "common/backoff.h"
#include "common/outage_log.h"
#include "edge/adapters/redis/redis_bus.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/adapters/services/host_lookup.h"
#include "proto/redis_keys.h"

enum state { IDLE = 0, RESOLVING, CONNECTING, WAITING, UP, CLOSING };
enum link { COMMANDS = 0, SUBSCRIPTIONS, LINKS };

// What was asked of a shard's log, once more when Redis refuses.
struct log_question {
    bool refused;
    bool newest; // or the page behind `after`
    struct position after;
    unsigned count;
};

struct redis_bus {
    struct bus interface;
    const struct redis_bus_options *options;
    struct event_loop *loop;
    struct redis_bus_metrics *metrics;
    enum state state;
    struct backoff backoff;
    struct outage_log outage;
    uv_timer_t timer; // ends an attempt to connect, or the wait before the next one; the pulse
    struct host_lookup lookup;
    struct redis_connection *links[LINKS];
    bool commands_ready;
    unsigned channels_ready;
    unsigned unheard; // echoes that Redis took since the subscription said anything
    size_t pending_bytes;
    uint64_t unanswered_since_ms; // of the pulse; 0: it was answered
    char refusal[160];            // told last; "" while announcements are taken
    struct log_question questions[SHARDS_MAX];
    unsigned open_handles; // of the timer and the connections
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

static inline struct redis_bus *redis_bus_of(struct bus *interface)
{
    return container_of(interface, struct redis_bus, interface);
}

// redis_bus.c
// Whether the answer is none of an error. An error of the connection itself takes the bus down, and
// any error does while it is being connected; another one is told and counted.
bool redis_bus_takes(struct redis_bus *bus, const struct redis_value *value);

// redis_bus_log.c
void redis_bus_read(struct bus *interface, unsigned shard, struct position after, size_t count);
void redis_bus_read_newest(struct bus *interface, unsigned shard);
// Asks again what was refused.
void redis_bus_read_again(struct redis_bus *bus);
