// Envelopes that were published while their shard's log is still being read up to them.
//
// One limit in bytes holds for all shards together. What does not fit is not lost: the log has it,
// so the follower reads it from there.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "proto/envelope.h"

#define HELD_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct held_envelope {
    struct list node; // in its shard's queue
    struct position position, prev;
    size_t len;
    char bytes[];
};

struct held_envelopes {
    struct delivery_metrics *metrics;
    size_t bytes; // of all queues
};

// Appends a copy of `bytes`, which is `envelope` encoded, to the shard's queue. If that would pass
// the limit, drops the whole queue instead, so that it never has a gap; this is counted.
void held_envelopes_add(struct held_envelopes *held, struct list *queue,
                        const struct envelope *envelope, struct span bytes);
void held_envelopes_drop(struct held_envelopes *held, struct held_envelope *envelope);
void held_envelopes_drop_all(struct held_envelopes *held, struct list *queue);
