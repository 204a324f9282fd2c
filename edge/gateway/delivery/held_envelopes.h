// Holds envelopes that are published while their shard's log is still being read.
//
// HELD_BYTES_MAX bounds the queues of all shards together. An envelope that does not fit is not
// lost: the follower reads it from the log later.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "proto/envelope.h"

#define HELD_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct held_envelope {
    struct list node; // in the queue of its shard
    struct position position, prev;
    size_t len;
    char bytes[];
};

struct held_envelopes {
    struct delivery_metrics *metrics;
    size_t bytes; // in all queues
};

// Appends a copy of `bytes`, the encoded form of `envelope`, to the queue of its shard. If the copy
// would exceed the limit, drops the whole queue and the envelope instead and counts that: a queue
// never has a gap in the middle.
void held_envelopes_add(struct held_envelopes *held, struct list *queue,
                        const struct envelope *envelope, struct span bytes);
void held_envelopes_drop(struct held_envelopes *held, struct held_envelope *envelope);
void held_envelopes_drop_all(struct held_envelopes *held, struct list *queue);
