// Reading the log from its end towards its beginning.
#pragma once

#include "proto/position.h"
#include "proto/redis_keys.h"
#include "relay/event_log/event_log.h"

// A way back through the log, shard by shard.
struct log_walk {
    char below[SHARDS_MAX][POSITION_TEXT_MAX + 1]; // what was visited last
    bool at_start[SHARDS_MAX];                     // nothing is left
    unsigned page;                                 // entries that are read at once
};

// Begins with the newest entries below a position.
void event_log_walk_init(struct log_walk *walk, struct position below);
// Calls `visit` with the id of each event of the next page of a shard, newest first.
typedef void (*log_entry_fn)(struct span id, struct position position, void *arg);
NODISCARD bool event_log_walk_on(struct event_log *log, struct log_walk *walk, unsigned shard,
                                 log_entry_fn visit, void *arg);
