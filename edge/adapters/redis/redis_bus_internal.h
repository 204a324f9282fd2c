// The inside of the bus on Redis, shared by its files:
//
//     redis_bus.c                 making, starting and closing the bus
//     redis_bus_link.c            connecting to Redis and losing it
//     redis_bus_sentinel.c        asking a Sentinel where Redis is
//     redis_bus_subscriptions.c   what Redis pushes
//     redis_bus_publish.c         publishing
//     redis_bus_pulse.c           checking that Redis answers and pushes; announcements
//     redis_bus_log.c             reading the log
//     redis_bus_revocations.c     reading whose tokens were revoked, and what is lost of it
//     redis_bus_uplink.c          adding to the uplink
#pragma once

#include "common/backoff.h"
#include "common/outage_log.h"
#include "edge/adapters/redis/redis_bus.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/adapters/redis/redis_server.h"
#include "edge/adapters/services/host_lookup.h"

enum state { IDLE = 0, ASKING, RESOLVING, CONNECTING, WAITING, UP, CLOSING };
enum link { COMMANDS = 0, SUBSCRIPTIONS, SENTINEL, LINKS };

// What was last asked about a shard's log. It is asked again if Redis refused it.
struct log_question {
    bool refused;
    bool newest; // asks for the newest entry; otherwise for the page behind `after`
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
    uv_timer_t timer; // limit of an attempt to connect, wait before the next one, or pulse
    struct host_lookup lookup;
    struct redis_connection *links[LINKS];
    size_t sentinel;             // which is asked next
    struct host_address primary; // that a Sentinel has named
    // Where the connection of commands leads to, and where it led to when the bus was up last.
    struct redis_server server, last_server;
    bool commands_ready;
    unsigned channels_ready;
    unsigned unheard; // echoes that Redis accepted since the subscription last pushed anything
    size_t pending_bytes;
    uint64_t unanswered_since_ms; // when the last pulse was sent; 0: it was answered
    char refusal[160];            // logged last; "" once an announcement was accepted again
    struct log_question questions[SHARDS_MAX];
    unsigned open_handles; // the timer and the connections
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
// While closing: calls on_closed once no handle and no lookup is open any more.
void redis_bus_finish_closing(struct redis_bus *bus);

// redis_bus_link.c
void redis_bus_resolve(struct redis_bus *bus); // begins an attempt to connect
void redis_bus_on_address(const char *address, const char *reason, void *bus);
// Call after each answer that connecting waits for. Sets the bus up once all have come.
void redis_bus_check_up(struct redis_bus *bus);
// Takes the bus down, or ends an attempt to connect. The next attempt follows after a wait.
void redis_bus_fail(struct redis_bus *bus, const char *reason);
// False if the answer is an error. An error that is about the connection takes the bus down, and so
// does any error while the bus is connecting. Other errors are counted and logged.
bool redis_bus_takes(struct redis_bus *bus, const struct redis_value *value);
void redis_bus_drop_links(struct redis_bus *bus);

// Opens one of the connections and logs in. Returns false if that has failed.
NODISCARD bool redis_bus_open_link(struct redis_bus *bus, enum link link,
                                   const struct host_address *at);
// Looks up the host and goes on with redis_bus_on_address().
void redis_bus_look_up(struct redis_bus *bus, const char *host);

// redis_bus_sentinel.c
void redis_bus_ask_sentinel(struct redis_bus *bus); // begins with the lookup of its host
void redis_bus_on_sentinel_address(struct redis_bus *bus, const char *address);

// redis_bus_subscriptions.c
void redis_bus_subscribe(struct redis_bus *bus);
bool redis_bus_is_subscribed(const struct redis_bus *bus); // to every channel

// redis_bus_publish.c
void redis_bus_publish(struct bus *interface, unsigned shard, struct span envelope);
void redis_bus_publish_control(struct bus *interface, struct span control);

// redis_bus_pulse.c
// Starts the pulse, which runs on the bus's timer until the bus is taken down.
void redis_bus_start_pulse(struct redis_bus *bus);
// Takes edges out of the list of edges that have died.
void redis_bus_tidy_list(struct redis_bus *bus);
// Takes this edge out of it, which ends.
void redis_bus_unlist(struct redis_bus *bus);
void redis_bus_announce(struct bus *interface, size_t sockets, size_t rooms);

// redis_bus_log.c
void redis_bus_read(struct bus *interface, unsigned shard, struct position after, size_t count);
void redis_bus_read_newest(struct bus *interface, unsigned shard);
// Asks the questions again that Redis refused.
void redis_bus_read_again(struct redis_bus *bus);

// redis_bus_revocations.c
void redis_bus_read_revocations(struct redis_bus *bus);
void redis_bus_store_revocation(struct bus *interface, struct span user, uint64_t at_ms,
                                uint64_t until_ms, uint64_t last_ms);

// redis_bus_uplink.c
bool redis_bus_tell(struct bus *interface, const struct uplink_entry *entry);
