#include "relay/event_log/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

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
    batch->left += batch->count;
    batch->confirmed = batch->left;
    batch->count = batch->sent = 0;
    batch->in_doubt = false;
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
    envelope->prev = entry->prev = sequence->last[shard];
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

static bool is_logged(const struct batch *batch, size_t i)
{
    return batch->entries[i].logged &&
           (!batch->wants_replicas || batch->left + i < batch->confirmed);
}

size_t batch_logged_count(const struct batch *batch, uint64_t below)
{
    size_t i = 0;

    while (i < batch->count && is_logged(batch, i) && batch->entries[i].tag < below)
        i++;
    return i;
}

bool batch_logged(const struct batch *batch)
{
    return batch_logged_count(batch, UINT64_MAX) == batch->count;
}

// The bytes in front of the first entry that is left are given up once they are half of all, so
// that each byte is moved about once.
static void drop_bytes(struct batch *batch)
{
    struct buffer *bytes = &batch->bytes;
    size_t first = 0, unused;

    while (first < batch->count && batch->entries[first].len == 0)
        first++;
    unused = first < batch->count ? batch->entries[first].offset : bytes->len;
    if (unused == 0 || unused < bytes->len / 2)
        return;
    bytes->len -= unused;
    memmove(bytes->ptr, bytes->ptr + unused, bytes->len);
    for (size_t i = first; i < batch->count; i++)
        batch->entries[i].offset -= batch->entries[i].len > 0 ? unused : 0;
}

void batch_drop(struct batch *batch, size_t count)
{
    if (count == batch->count) {
        batch_clear(batch);
        return;
    }
    batch->left += count;
    batch->count -= count;
    batch->sent -= count < batch->sent ? count : batch->sent;
    memmove(batch->entries, batch->entries + count, batch->count * sizeof(*batch->entries));
    drop_bytes(batch);
}

void batch_confirm(struct batch *batch, uint64_t from, uint64_t until)
{
    if (from <= batch->confirmed && until > batch->confirmed)
        batch->confirmed = until;
}

void batch_mark_logged(struct batch *batch, unsigned shard, struct position top)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (entry->shard == shard && position_compare(entry->position, top) <= 0)
            entry->logged = true;
    }
}

void batch_unmark_logged(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->left + i >= batch->confirmed)
            batch->entries[i].logged = position_is_none(batch->entries[i].position);
}

void batch_note_losses(struct batch *batch, uint64_t losses)
{
    if (batch->losses != losses)
        batch->owed = batch->tried;
}

bool batch_owes(const struct batch *batch, uint64_t losses)
{
    // What is marked as logged may be in the log of the server that was lost only.
    if (batch->in_doubt && batch->losses != losses)
        return true;
    for (size_t i = 0; i < batch->count && batch->left + i < batch->owed; i++)
        if (!batch->entries[i].logged)
            return true;
    return false;
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
