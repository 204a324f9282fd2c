// The inside of the bus on Redis, shared by its files:
//
//     redis_bus.c                 made, started, and closed
//     redis_bus_link.c            finding Redis and losing it
//     redis_bus_subscriptions.c   what Redis pushes
//     redis_bus_publish.c         what is published
//     redis_bus_pulse.c           that Redis answers and hears; announcements
//     redis_bus_log.c             reading the log
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

// redis_bus.c: closing
// Ends the connections and the timer.
void redis_bus_end(struct redis_bus *bus);
void redis_bus_on_handle_closed(void *bus);
// Says that the bus is closed once nothing of it is open any more.
void redis_bus_finish_closing(struct redis_bus *bus);

// redis_bus_link.c
void redis_bus_resolve(struct redis_bus *bus); // begins an attempt to connect
void redis_bus_on_address(const char *address, const char *reason, void *bus);
// The bus is up once everything that it waits for was answered.
void redis_bus_check_up(struct redis_bus *bus);
// Takes the bus down, to be tried again.
void redis_bus_fail(struct redis_bus *bus, const char *reason);
// Whether the answer is none of an error. An error of the connection itself takes the bus down, and
// any error does while it is being connected; another one is told and counted.
bool redis_bus_takes(struct redis_bus *bus, const struct redis_value *value);
void redis_bus_drop_links(struct redis_bus *bus);

// redis_bus_subscriptions.c
void redis_bus_subscribe(struct redis_bus *bus);
bool redis_bus_is_subscribed(const struct redis_bus *bus); // to every channel

// redis_bus_publish.c
void redis_bus_publish(struct bus *interface, unsigned shard, struct span envelope);
void redis_bus_publish_control(struct bus *interface, struct span control);

// redis_bus_pulse.c
// From now on until the bus is taken down, on its timer.
void redis_bus_start_pulse(struct redis_bus *bus);
void redis_bus_announce(struct bus *interface, size_t sockets, size_t rooms);

// redis_bus_log.c
void redis_bus_read(struct bus *interface, unsigned shard, struct position after, size_t count);
void redis_bus_read_newest(struct bus *interface, unsigned shard);
// Asks again what was refused.
void redis_bus_read_again(struct redis_bus *bus);
