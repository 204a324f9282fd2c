#include "edge/gateway/delivery/held_envelopes.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static void set_bytes(struct held_envelopes *held, size_t bytes)
{
    held->bytes = bytes;
    metric_set(&held->metrics->held_bytes, bytes);
}

void held_envelopes_drop(struct held_envelopes *held, struct held_envelope *envelope)
{
    set_bytes(held, held->bytes - envelope->len);
    list_unlink(&envelope->node);
    free(envelope);
}

void held_envelopes_drop_all(struct held_envelopes *held, struct list *queue)
{
    list_for_each (node, queue)
        held_envelopes_drop(held, list_entry(node, struct held_envelope, node));
}

void held_envelopes_add(struct held_envelopes *held, struct list *queue,
                        const struct envelope *envelope, struct span bytes)
{
    if (held->bytes + bytes.len > HELD_BYTES_MAX) {
        held_envelopes_drop_all(held, queue);
        metric_add(&held->metrics->held_dropped, 1);
        return;
    }
    struct held_envelope *copy = mem_alloc(sizeof(*copy) + bytes.len);
    copy->position = envelope->position;
    copy->prev = envelope->prev;
    copy->len = bytes.len;
    memcpy(copy->bytes, bytes.ptr, bytes.len);
    list_append(queue, &copy->node);
    set_bytes(held, held->bytes + bytes.len);
}
