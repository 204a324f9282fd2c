// Reads the log backwards, from its newest entry to its oldest.
#pragma once

#include "proto/position.h"
#include "proto/redis_keys.h"
#include "relay/event_log/event_log.h"

// How far each shard was read.
struct log_walk {
    char below[SHARDS_MAX][POSITION_TEXT_MAX + 1]; // "(" and the position that was visited last
    bool at_start[SHARDS_MAX];                     // no older entries are left
    unsigned page;                                 // entries of the next page
};

// Starts the walk below a position.
void event_log_walk_init(struct log_walk *walk, struct position below);
// Reads the next page of a shard and calls `visit` for each event in it, newest first. The id is
// valid until `visit` returns. Returns false if Redis cannot be read; the walk stays where it is.
typedef void (*log_entry_fn)(struct span id, struct position position, void *arg);
NODISCARD bool event_log_walk_on(struct event_log *log, struct log_walk *walk, unsigned shard,
                                 log_entry_fn visit, void *arg);
