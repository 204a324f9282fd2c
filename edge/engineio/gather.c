#include "edge/engineio/gather.h"

struct span gather_wire(const struct gather *gather, struct frame *frame)
{
    if (gather->deflater && frame_packet(frame).len >= gather->threshold)
        return frame_compressed_wire(frame, gather->deflater);
    return frame_wire(frame);
}

void gather_forget(struct gather *gather)
{
    for (uint32_t i = 0; i < gather->count; i++)
        frame_unref(gather->frames[i]);
    gather->count = 0;
    buffer_clear(&gather->bytes);
}

void gather_fini(struct gather *gather)
{
    gather_forget(gather);
    buffer_fini(&gather->bytes);
}

static bool holds(const struct gather *gather, const struct outbox *outbox, uint32_t n)
{
    if (gather->count != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (gather->frames[i] != outbox_at(outbox, i))
            return false;
    return true;
}

struct span gather_frames(struct gather *gather, const struct outbox *outbox, uint32_t n)
{
    if (n == 1)
        return gather_wire(gather, outbox_at(outbox, 0));
    if (!holds(gather, outbox, n)) {
        gather_forget(gather);
        for (; gather->count < n; gather->count++) {
            struct frame *frame = outbox_at(outbox, gather->count);
            gather->frames[gather->count] = frame_ref(frame);
            buffer_append(&gather->bytes, gather_wire(gather, frame));
        }
    }
    return buffer_span(&gather->bytes);
}
