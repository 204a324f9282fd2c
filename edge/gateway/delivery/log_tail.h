// Keeps the newest part of the log in memory, so that what a client missed is found without reading
// from Redis.
//
// The entries of a shard are an unbroken chain: the `prev` of each is the position of the entry
// before it. The entries of a room are linked too, so that a replay walks only the events of the
// client's rooms. An entry of several rooms is in the chain of each; these rooms may be of other
// shards than the entry.
//
//     shard:  reach ─▶ entry ─▶ entry ─▶ entry ─▶ … ─▶ top
//     room:              newest entry of the room ─▶ older one ─▶ …
//
// `reach` is the position just before the oldest entry: everything of the shard after it is here. A
// break in the chain (entries were trimmed or lost) drops everything before it. When the memory is
// full, the oldest entries of all shards are dropped first.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/delivery/cut.h"
#include "proto/envelope.h"

struct log_tail_metrics {
    metric entries, bytes; // held now
    metric breaks;         // times that a shard's entries were dropped because its chain was broken
    metric reach_at_ms;    // since when nothing is missing, wall clock; 0: nothing was dropped yet
};

struct tail_entry {
    struct position position;
    struct span event, args;
    unsigned shard;
    uint64_t created_at_ms;
    struct span leaves, enters; // of an action, see envelope.h
    bool disconnects;
};

struct log_tail;

// Holds up to `max_bytes`, including the overhead of each entry and room. Borrows the metrics.
NODISCARD struct log_tail *log_tail_new(unsigned shards, size_t max_bytes,
                                        struct log_tail_metrics *metrics);
void log_tail_free(struct log_tail *tail);

// Appends the next entry of a shard, a copy of `envelope`. Restarts the chain of the shard if its
// prev is not the last position.
void log_tail_append(struct log_tail *tail, unsigned shard, const struct envelope *envelope,
                     struct position position);
// Tells the tail that the edge has got to `position`. If the last entry is another one, the log was
// reset or the edge has passed a loss: drops all entries of the shard.
void log_tail_align(struct log_tail *tail, unsigned shard, struct position position);

// True if `position` is that of an entry here, or the reach: then nothing is missing between it and
// the newest entry.
bool log_tail_knows(const struct log_tail *tail, unsigned shard, struct position position);
// The position of the newest entry at or below `position`; the reach if there is none.
struct position log_tail_at(const struct log_tail *tail, unsigned shard, struct position position);

// Iterates over the events of one room above a cut, newest first. Of entries of different shards,
// which have no order between them, the one that came last to this edge is first. `start` is
// borrowed.
struct tail_walk {
    void *at;
    uint64_t since; // entries of earlier moments are not above the start
    uint32_t gathering;
    const struct cut *start;
    struct position end; // set by the caller: later entries are left out; none: no end
    size_t *visits_left; // set by the caller: entries to look at, also those left out; NULL: any
    bool stopped;        // no visits were left, so that there may be more entries
};
// With a `gathering` that is not 0, entries are left out that another walk with the same number has
// returned: an entry of several rooms is in the chain of each.
struct tail_walk log_tail_walk(const struct log_tail *tail, struct span room,
                               const struct cut *start, uint32_t gathering);
// The same for the actions on the user whose room this is.
struct tail_walk log_tail_walk_actions(const struct log_tail *tail, struct span room,
                                       const struct cut *start);
// A number for walks that belong together, never 0.
uint32_t log_tail_gather(struct log_tail *tail);
// The next entry; false if there is none. *out is valid until the tail changes.
NODISCARD bool log_tail_next(struct tail_walk *walk, struct tail_entry *out);

// The current moment: a counter of appended entries of all shards, never 0. A socket notes the
// moment of the event that it was sent last; log_tail_cut() finds the offset when it is needed.
uint64_t log_tail_moment(const struct log_tail *tail);
// The cut at an earlier moment. False if the entries of that time were dropped.
NODISCARD bool log_tail_cut(const struct log_tail *tail, uint64_t moment, struct cut *out);

// Brings the metrics up to date.
void log_tail_observe(const struct log_tail *tail);
