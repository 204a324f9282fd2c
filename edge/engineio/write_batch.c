#include "edge/engineio/write_batch.h"

// Smaller frames are joined. The kernel takes a piece of its own for about the price of copying so
// many bytes, and joined frames are copied once for all sessions that wait for them.
#define JOINED_MAX 1024

struct span write_batch_frame(const struct write_batch *batch, struct frame *frame)
{
    if (batch->deflater && frame_packet(frame).len >= batch->threshold)
        return frame_compressed_wire(frame, batch->deflater);
    return frame_wire(frame);
}

void write_batch_clear(struct write_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        frame_unref(batch->frames[i]);
    batch->count = 0;
    batch->piece_count = 0;
    batch->size = 0;
    buffer_clear(&batch->joined);
}

void write_batch_fini(struct write_batch *batch)
{
    write_batch_clear(batch);
    buffer_fini(&batch->joined);
}

static bool holds(const struct write_batch *batch, const struct outbox *outbox, uint32_t n)
{
    if (batch->count != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (batch->frames[i] != outbox_at(outbox, i))
            return false;
    return true;
}

// A frame that is alone in its write is never copied.
static bool is_joined(const struct write_batch *batch, struct span wire)
{
    return batch->count > 1 && wire.len < JOINED_MAX;
}

static void take_frames(struct write_batch *batch, const struct outbox *outbox, uint32_t n)
{
    batch->count = n;
    for (uint32_t i = 0; i < n; i++) {
        batch->frames[i] = frame_ref(outbox_at(outbox, i));
        struct span wire = write_batch_frame(batch, batch->frames[i]);
        if (is_joined(batch, wire))
            buffer_append(&batch->joined, wire);
        batch->size += wire.len;
    }
}

// Once `joined` has all its bytes and stays where it is.
static void cut_pieces(struct write_batch *batch)
{
    const char *next = batch->joined.ptr; // the joined frame that comes next
    struct span *run = NULL;              // the piece of the joined frames before it

    for (uint32_t i = 0; i < batch->count; i++) {
        struct span wire = write_batch_frame(batch, batch->frames[i]);
        bool joined = is_joined(batch, wire);
        if (joined && run) {
            run->len += wire.len;
        } else {
            struct span *piece = &batch->pieces[batch->piece_count++];
            *piece = (struct span){joined ? next : wire.ptr, wire.len};
            run = joined ? piece : NULL;
        }
        if (joined)
            next += wire.len;
    }
}

void write_batch_fill(struct write_batch *batch, const struct outbox *outbox, uint32_t n)
{
    if (holds(batch, outbox, n))
        return;
    write_batch_clear(batch);
    take_frames(batch, outbox, n);
    cut_pieces(batch);
}
