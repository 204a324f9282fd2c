#include <assert.h>
#include <stdlib.h>

#include "proto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_same(const struct heartbeat *a, const struct heartbeat *b)
{
    assert(span_eq(a->relay, b->relay));
    assert(a->at_ms == b->at_ms);
    assert(a->shard_count == b->shard_count && a->shard_count <= SHARDS_MAX);
    for (size_t i = 0; i < a->shard_count; i++)
        assert(position_compare(a->tops[i], b->tops[i]) == 0);
    assert(a->bus_connected == b->bus_connected);
    assert(a->reconnect_attempts == b->reconnect_attempts);
    assert(span_eq(a->bus_host, b->bus_host));
    assert(a->bus_port == b->bus_port);
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
    const struct control *control = control_decode(first, (struct span){(const char *)data, size});
    if (!control)
        return 0;
    control_encode(control, &again);
    const struct control *decoded = control_decode(second, buffer_span(&again));
    assert(decoded && decoded->kind == control->kind);
    assert_same(&decoded->heartbeat, &control->heartbeat);
    assert(span_eq(decoded->edge, control->edge));
    assert(span_eq(decoded->user, control->user));
    assert(decoded->ask == control->ask && decoded->sockets == control->sockets);
    assert(span_eq(decoded->room, control->room));
    assert(decoded->at_ms == control->at_ms && decoded->until_ms == control->until_ms);
    buffer_fini(&again);
    return 0;
}
