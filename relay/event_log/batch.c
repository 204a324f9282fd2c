#include "relay/event_log/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

#define BYTES_KEPT ((size_t)1024 * 1024) // a larger buffer is freed with the batch's content

void batch_init(struct batch *batch, size_t max_count, size_t max_bytes)
{
    *batch = (struct batch){
        .entries = mem_alloc(max_count * sizeof(*batch->entries)),
        .cap = max_count,
        .max_bytes = max_bytes,
    };
}

void batch_fini(struct batch *batch)
{
    free(batch->entries);
    buffer_fini(&batch->bytes);
    *batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
    batch->count = 0;
    batch->in_doubt = batch->unconfirmed = false;
    if (batch->bytes.cap > BYTES_KEPT)
        buffer_fini(&batch->bytes);
    else
        buffer_clear(&batch->bytes);
}

bool batch_full(const struct batch *batch)
{
    return batch->count == batch->cap || batch->bytes.len >= batch->max_bytes;
}

static struct batch_entry *next_entry(struct batch *batch, uint64_t tag)
{
    struct batch_entry *entry = &batch->entries[batch->count++];

    assert(batch->count <= batch->cap);
    *entry = (struct batch_entry){.tag = tag};
    batch->unconfirmed = batch->wants_replicas;
    return entry;
}

void batch_add(struct batch *batch, struct sequence *sequence, uint64_t tag,
               struct envelope *envelope)
{
    struct batch_entry *entry = next_entry(batch, tag);
    unsigned shard = shard_of_room(envelope->room, sequence->shards);

    entry->shard = shard;
    entry->taken_ms = envelope->created_at_ms;
    entry->position = (struct position){sequence->epoch, ++sequence->seq};
    envelope->position = entry->position;
    envelope->prev = sequence->last[shard];
    sequence->last[shard] = entry->position;

    entry->offset = batch->bytes.len;
    envelope_encode(envelope, &batch->bytes);
    entry->len = batch->bytes.len - entry->offset;
}

void batch_add_known(struct batch *batch, uint64_t tag)
{
    next_entry(batch, tag)->logged = true;
}

struct span batch_envelope(const struct batch *batch, const struct batch_entry *entry)
{
    return (struct span){batch->bytes.ptr + entry->offset, entry->len};
}

bool batch_logged(const struct batch *batch)
{
    if (batch->unconfirmed)
        return false;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->entries[i].logged)
            return false;
    return true;
}

void batch_mark_logged(struct batch *batch, unsigned shard, struct position top)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (entry->shard == shard && position_compare(entry->position, top) <= 0)
            entry->logged = true;
    }
}

struct position batch_newest(const struct batch *batch, struct position otherwise)
{
    for (size_t i = batch->count; i > 0; i--)
        if (!position_is_none(batch->entries[i - 1].position))
            return batch->entries[i - 1].position;
    return otherwise;
}

void batch_unmark_logged(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->entries[i].logged = position_is_none(batch->entries[i].position);
}

size_t batch_unlogged_count(const struct batch *batch)
{
    size_t events = 0;

    for (size_t i = 0; i < batch->count; i++)
        events += !batch->entries[i].logged;
    return events;
}

size_t batch_event_count(const struct batch *batch)
{
    size_t events = 0;

    for (size_t i = 0; i < batch->count; i++)
        events += !position_is_none(batch->entries[i].position);
    return events;
}
