// The events that go into the log together, encoded, each with its position.
//
// An event keeps its position through every retry. So Redis refuses the second of two appends, and
// comparing with the top of the log shows which events are in it.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "proto/envelope.h"
#include "proto/redis_keys.h"

// Where the log ends as its one writer knows it: what the next event gets.
struct sequence {
    uint64_t epoch, seq;
    unsigned shards;
    struct position last[SHARDS_MAX]; // of each shard, including what is still in the batch
};

struct batch_entry {
    uint64_t tag; // of the delivery
    unsigned shard;
    struct position position; // none: nothing to append, to be acknowledged only
    uint64_t taken_ms;        // wall clock
    size_t offset, len;       // of the encoded envelope in `bytes`
    bool logged;
};

struct batch {
    struct batch_entry *entries;
    size_t count, cap;
    struct buffer bytes;
    size_t max_bytes;
    bool in_doubt; // was sent to Redis, and not every answer came
};

void batch_init(struct batch *batch, size_t max_count, size_t max_bytes);
void batch_fini(struct batch *batch);
void batch_clear(struct batch *batch);

// True if the batch takes no further event. A single event may be larger than `max_bytes`.
bool batch_full(const struct batch *batch);

// Gives the envelope the next position of its shard and adds it. The batch must not be full.
void batch_add(struct batch *batch, struct sequence *sequence, uint64_t tag,
               struct envelope *envelope);
// Adds a delivery that is in the log already.
void batch_add_known(struct batch *batch, uint64_t tag);

struct span batch_envelope(const struct batch *batch, const struct batch_entry *entry);
bool batch_logged(const struct batch *batch);
// What of this shard stands at or below `top` is in the log.
void batch_mark_logged(struct batch *batch, unsigned shard, struct position top);
// How many events of the batch are new to the log (logged or not).
size_t batch_event_count(const struct batch *batch);
