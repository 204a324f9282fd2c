// The connection to the log in Redis. Several servers may share the shards: then each has a log of
// its own (struct event_log), with some of them. append.h writes the log, claim.h claims it for
// this relay, walk.h reads it backwards, size_limit.h trims it; heartbeat.h and acked.h store what
// relays tell one another.
//
// Calls block, at most EVENT_LOG_ANSWER_MS for each answer. In the relay only this folder uses
// hiredis.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/redis_settings.h"
#include "common/resolver.h"

#define EVENT_LOG_CONNECT_MS 500
#define EVENT_LOG_ANSWER_MS  700

// Why Redis refuses to write the log although it answers.
enum event_log_refusal {
    EVENT_LOG_WRITABLE = 0,
    EVENT_LOG_NO_MEMORY,
    EVENT_LOG_REFUSED,
    EVENT_LOG_NO_REPLICAS, // it has the batch, but too few replicas have it
};

struct event_log_options {
    struct resolver *resolver;          // of the host
    const struct redis_settings *redis; // borrowed
    unsigned shards;                    // of all logs together
    unsigned node, nodes;               // this log has the shards that are `node` modulo `nodes`
    unsigned wait_replicas;             // that must have a batch before it counts as logged
    uint64_t max_len;                   // entries that each shard keeps, roughly
    uint64_t max_bytes;                 // memory that each shard takes in Redis, roughly
};

struct event_log;

// The logs of all servers: shard s is in log s modulo `count`.
struct event_logs {
    struct event_log *logs[REDIS_NODES_MAX];
    unsigned count;
};

NODISCARD struct event_log *event_log_new(const struct event_log_options *options);
void event_log_free(struct event_log *log);

// Connects, unless connected. Logs the beginning and the end of an outage once.
NODISCARD bool event_log_connect(struct event_log *log);
bool event_log_connected(const struct event_log *log);
// Asks Redis whether it is still the primary, and disconnects if it is not. Returns whether the log
// is connected.
bool event_log_is_primary(struct event_log *log);
enum event_log_refusal event_log_refusal(const struct event_log *log); // of the last write
// How often Redis had a batch and too few replicas did.
uint64_t event_log_unreplicated(const struct event_log *log);
// How often the connection was lost.
uint64_t event_log_losses(const struct event_log *log);
unsigned event_log_shards(const struct event_log *log); // of all logs together
