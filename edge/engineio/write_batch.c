#include "edge/engineio/write_batch.h"

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
    buffer_clear(&batch->bytes);
}

void write_batch_fini(struct write_batch *batch)
{
    write_batch_clear(batch);
    buffer_fini(&batch->bytes);
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

struct span write_batch_bytes(struct write_batch *batch, const struct outbox *outbox, uint32_t n)
{
    if (n == 1)
        return write_batch_frame(batch, outbox_at(outbox, 0));
    if (!holds(batch, outbox, n)) {
        write_batch_clear(batch);
        for (; batch->count < n; batch->count++) {
            struct frame *frame = outbox_at(outbox, batch->count);
            batch->frames[batch->count] = frame_ref(frame);
            buffer_append(&batch->bytes, write_batch_frame(batch, frame));
        }
    }
    return buffer_span(&batch->bytes);
}
