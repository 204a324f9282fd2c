// A cut through the log: a position for each shard, up to which something has all events.
#pragma once

#include "proto/position.h"

#define CUT_SHARDS_MAX 16

struct cut {
    unsigned shards;
    struct position at[CUT_SHARDS_MAX];
};

// True if `a` is at or above `b` in every shard. Both must have the same number of shards.
bool cut_covers(const struct cut *a, const struct cut *b);
bool cut_eq(const struct cut *a, const struct cut *b);

// Raises `cut` to `other` in the shards in which that is above it.
void cut_raise(struct cut *cut, const struct cut *other);

// The greatest position of all shards.
struct position cut_top(const struct cut *cut);
