// The bus on Redis: pub/sub for what happens now, a stream per shard for what was missed.
//
// There are two connections, because one that subscribes can do nothing else. The bus is up when
// commands are answered and every channel is subscribed. Losing either connection takes both down,
// and so does a subscription that no longer delivers the edge's own echoes. The bus reconnects by
// itself, for ever, with backoff (decision 016).
//
//     RESOLVING ──▶ CONNECTING ──▶ UP ──┐
//         ▲             │ too long,     │ lost, an error,
//         │             │ refused, …    │ no answer for long
//         └── WAITING ◀─┴───────────────┘
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/metrics.h"
#include "common/redis_settings.h"
#include "edge/adapters/event_loop.h"
#include "edge/adapters/redis/redis_presence.h"
#include "edge/adapters/redis/redis_sessions.h"
#include "edge/gateway/delivery/bus.h"
#include "proto/redis_keys.h"

struct redis_bus_options {
    const struct redis_settings *redis;
    const struct redis_names *names;
    unsigned shards;
    struct bus_part part; // which of the shards this server has
    const char *what;     // a log line calls the server, see redis_settings_what()
    const char *edge_id;
    // Both are told when the bus is up or down.
    struct redis_sessions *sessions; // NULL: no recovery
    struct redis_presence *presence; // NULL: nothing of the kind is kept
    uint64_t uplink_max_len, uplink_max_bytes;
};

struct redis_bus_metrics {
    metric connected; // 1: up
    metric connects, failures;
    metric published, publish_bytes;
    metric publish_dropped; // the bus was down, or too much was unanswered
    metric publish_failed;  // Redis answered with an error
    metric refusals;        // error replies that did not end the connection
    metric answered_at_ms;  // when Redis last answered a pulse; monotonic
    metric pending_bytes;   // published and not yet answered
};

#define REDIS_SILENT_MS 3000

// True if Redis has answered within REDIS_SILENT_MS. Reads only an atomic: any thread may call it.
bool redis_bus_is_answered(const struct redis_bus_metrics *metrics, uint64_t now_ms);

struct redis_bus;

// Borrows `options` with its texts, the loop and the metrics for its lifetime.
NODISCARD struct redis_bus *redis_bus_new(const struct redis_bus_options *options,
                                          struct event_loop *loop,
                                          struct redis_bus_metrics *metrics);
struct bus *redis_bus_interface(struct redis_bus *bus);

// Begins to connect. The handlers of the interface must be set.
void redis_bus_start(struct redis_bus *bus);

// Waits up to 1 s until Redis has answered everything that was published, then ends both
// connections. Passes no envelope and no control message on any more, but reads that are under way
// may still be answered. `on_closed` is called from the loop when that is done; then
// redis_bus_free() may be called.
void redis_bus_close(struct redis_bus *bus, void (*on_closed)(void *arg), void *arg);
void redis_bus_free(struct redis_bus *bus);
