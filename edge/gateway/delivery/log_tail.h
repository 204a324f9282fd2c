// The newest part of the log in memory, so that what a client missed is found without asking Redis.
//
// Entries of a shard are an unbroken chain: each names the one before it. Those of one room are
// linked with one another, so that a replay costs what was missed and not what happened.
//
//     shard:  reach ─▶ entry ─▶ entry ─▶ entry ─▶ … ─▶ top
//     room:              newest entry of the room ─▶ older one ─▶ …
//
// Everything of a shard behind `reach` is here. A break in the chain (trimmed, or lost) drops all
// before it. The oldest entries of all shards go first when the memory is full.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/delivery/offset.h"
#include "proto/envelope.h"

struct log_tail_metrics {
    metric entries, bytes; // held now
    metric breaks;         // times that a shard's memory was dropped because its chain was broken
    metric reach_at_ms;    // since when nothing is missing, wall clock; 0: since ever
};

struct tail_entry {
    struct position position;
    struct span event, args;
};

struct log_tail;

// Holds up to `max_bytes`, the bookkeeping included. Borrows the metrics.
NODISCARD struct log_tail *log_tail_new(unsigned shards, size_t max_bytes,
                                        struct log_tail_metrics *metrics);
void log_tail_free(struct log_tail *tail);

// The next entry of a shard, as it is delivered. Copies it.
void log_tail_append(struct log_tail *tail, unsigned shard, const struct envelope *envelope,
                     struct position position);
// The edge goes on at this position: what it is not the top of is dropped.
void log_tail_align(struct log_tail *tail, unsigned shard, struct position position);

// True if the position is that of an entry here, or just before the oldest: nothing is missing
// between it and the top.
bool log_tail_knows(const struct log_tail *tail, unsigned shard, struct position position);
// The newest entry at or below a position, or the reach.
struct position log_tail_at(const struct log_tail *tail, unsigned shard, struct position position);

// Entries of one room, newest first.
struct tail_walk {
    const void *at;
};
struct tail_walk log_tail_walk(const struct log_tail *tail, struct span room);
// The next one that stands behind `start`; false when there is none. Valid until the tail changes.
NODISCARD bool log_tail_next(struct tail_walk *walk, struct position start, struct tail_entry *out);

// How many events have been taken so far. Numbers moments, see log_tail_cut().
uint64_t log_tail_moment(const struct log_tail *tail);
// The cut that stood at an earlier moment. False when the memory does not go back that far.
NODISCARD bool log_tail_cut(const struct log_tail *tail, uint64_t moment, struct cut *out);

// Brings the metrics up to date.
void log_tail_observe(const struct log_tail *tail);
