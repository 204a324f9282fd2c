#include "edge/engineio/outbox.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

#define FIRST_CAPACITY 4
#define KEPT_CAPACITY  64 // an outbox that becomes empty frees a larger ring

void outbox_fini(struct outbox *outbox)
{
    outbox_drop(outbox, outbox->count);
    free(outbox->ring);
    *outbox = (struct outbox){0};
}

static void grow(struct outbox *outbox)
{
    uint32_t capacity = outbox->capacity ? outbox->capacity * 2 : FIRST_CAPACITY;
    struct frame **ring = mem_alloc(capacity * sizeof(struct frame *));

    for (uint32_t i = 0; i < outbox->count; i++)
        ring[i] = outbox_at(outbox, i);
    free(outbox->ring);
    outbox->ring = ring;
    outbox->capacity = capacity;
    outbox->head = 0;
}

bool outbox_push(struct outbox *outbox, struct frame *frame, size_t max_bytes)
{
    size_t size = frame_cost(frame);

    if (outbox->count > 0 && outbox->bytes + size > max_bytes)
        return false;
    if (outbox->count == outbox->capacity)
        grow(outbox);
    outbox->ring[(outbox->head + outbox->count) & (outbox->capacity - 1)] = frame_ref(frame);
    outbox->count++;
    outbox->bytes += size;
    return true;
}

struct frame *outbox_at(const struct outbox *outbox, uint32_t i)
{
    return outbox->ring[(outbox->head + i) & (outbox->capacity - 1)];
}

void outbox_drop(struct outbox *outbox, uint32_t n)
{
    assert(n <= outbox->count);
    for (; n > 0; n--) {
        struct frame *frame = outbox_at(outbox, 0);
        outbox->head = (outbox->head + 1) & (outbox->capacity - 1);
        outbox->count--;
        outbox->bytes -= frame_cost(frame);
        frame_unref(frame);
    }
    if (outbox->count == 0 && outbox->capacity > KEPT_CAPACITY) {
        free(outbox->ring);
        *outbox = (struct outbox){0};
    }
}
