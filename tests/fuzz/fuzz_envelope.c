#include <assert.h>
#include <stdlib.h>

#include "proto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_same(const struct envelope *a, const struct envelope *b)
{
    assert(span_eq(a->id, b->id));
    assert(position_compare(a->position, b->position) == 0);
    assert(position_compare(a->prev, b->prev) == 0);
    assert(span_eq(a->origin, b->origin));
    assert(span_eq(a->room, b->room));
    assert(span_eq(a->except, b->except));
    assert(span_eq(a->event, b->event));
    assert(span_eq(a->args, b->args));
    assert(a->created_at_ms == b->created_at_ms);
    assert(span_eq(a->traceparent, b->traceparent));
    assert(span_eq(a->leaves, b->leaves) && a->disconnects == b->disconnects);
    assert(a->more_count == b->more_count);
    for (size_t i = 0; i < a->more_count; i++)
        assert(span_eq(a->more_rooms[i], b->more_rooms[i]));
}

// What can be decoded can be encoded again and means the same then.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct envelope_decoder *first, *second;
    struct buffer again = {0};

    if (!first) {
        first = envelope_decoder_new();
        second = envelope_decoder_new();
    }
    const struct envelope *envelope =
        envelope_decode(first, (struct span){(const char *)data, size});
    if (!envelope)
        return 0;
    assert(envelope->room.len > 0 && (envelope->event.len > 0 || envelope_acts(envelope)));
    assert(envelope->more_count < ENVELOPE_ROOMS_MAX);
    for (size_t i = 0; i < envelope->more_count; i++)
        assert(envelope->more_rooms[i].len > 0);
    envelope_encode(envelope, &again);
    const struct envelope *decoded = envelope_decode(second, buffer_span(&again));
    assert(decoded);
    assert_same(decoded, envelope);
    buffer_fini(&again);
    return 0;
}
