// The events that are on their way into the log, encoded, each with its position, oldest first.
//
// They are sent to Redis in parts, each while the answers to the ones before are on their way. What
// is in the log leaves at the front.
//
// An event keeps its position through every retry. So Redis refuses to append it twice, and the
// last id of the log shows which events are in it.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "proto/envelope.h"
#include "proto/redis_keys.h"

// The end of the log as its only writer knows it. The next event gets seq + 1.
struct sequence {
    uint64_t epoch, seq;
    unsigned shards;
    struct position last[SHARDS_MAX]; // newest position of each shard, with those in the batch
};

struct batch_entry {
    uint64_t tag; // AMQP delivery tag
    unsigned shard;
    struct position position; // none: only to be acknowledged, already in the log
    struct position prev;     // the position before it in its shard
    uint64_t taken_ms;        // wall clock when the relay took the event
    uint64_t sent_us;         // monotonic clock when it was first sent to Redis; 0: not yet
    size_t offset, len;       // of the encoded envelope in `bytes`
    bool logged;
    bool recorded; // logged, and counted by the relay
};

struct batch {
    struct batch_entry *entries;
    size_t count, cap;
    size_t sent; // so many at the front were sent over the present connection
    struct buffer bytes;
    size_t max_bytes;
    bool in_doubt;       // some were sent to Redis, and not every answer has come
    bool wants_replicas; // what is in the log is not logged before replicas have it
    // Of all entries that were ever added: those that have left, those that replicas have, those
    // that were sent to Redis, and those that were sent over a connection that is lost.
    uint64_t left, confirmed, tried, owed;
    uint64_t losses; // of connections, when the batch was last sent or compared with the log
};

void batch_init(struct batch *batch, size_t max_count, size_t max_bytes);
void batch_fini(struct batch *batch);
void batch_clear(struct batch *batch);

// True if the batch takes no further event. A single event may be larger than `max_bytes`.
bool batch_full(const struct batch *batch);

// Gives the envelope the next position, and the one before it in its shard, and adds it encoded.
// The batch must not be full.
void batch_add(struct batch *batch, struct sequence *sequence, uint64_t tag,
               struct envelope *envelope);
// Adds a delivery whose event is in the log already. It is only acknowledged.
void batch_add_known(struct batch *batch, uint64_t tag);

// The encoded envelope of an entry, valid until the batch is changed.
struct span batch_envelope(const struct batch *batch, const struct batch_entry *entry);
// True if all events of the batch are in the log, and with replicas if it wants them.
bool batch_logged(const struct batch *batch);
// How many entries at the front are, with a tag below `below`.
size_t batch_logged_count(const struct batch *batch, uint64_t below);
// Removes `count` entries at the front.
void batch_drop(struct batch *batch, size_t count);
// Marks the events of the shard at or below `top` as logged.
void batch_mark_logged(struct batch *batch, unsigned shard, struct position top);
// Notes that replicas have the entries from `from` to before `until`, counted as `left` is. They
// count only together with all that are before them.
void batch_confirm(struct batch *batch, uint64_t from, uint64_t until);
// Marks no event as logged that replicas may lack, except those that were known before.
void batch_unmark_logged(struct batch *batch);
// Notes that what was sent, was sent over a connection that is lost, if there were fewer losses of
// connections when the batch was last sent or compared with the log.
void batch_note_losses(struct batch *batch, uint64_t losses);
// True if an event was sent over a connection that is lost, and is not known to be in the log that
// the present one leads to.
bool batch_owes(const struct batch *batch, uint64_t losses);
// How many of its events are not in the log.
size_t batch_unlogged_count(const struct batch *batch);
// How many events the batch appends, logged or not, without deliveries that were in the log before.
size_t batch_event_count(const struct batch *batch);
