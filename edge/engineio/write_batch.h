// The frames of one write to a WebSocket, put together. A busy room's members all wait for the
// same frames, so the next session's write is often the same bytes.
#pragma once

#include "common/buffer.h"
#include "edge/engineio/outbox.h"

#define WRITE_BATCH_MAX_FRAMES 128
#define WRITE_BATCH_MAX_BYTES  ((size_t)128 * 1024)

// Zeroed, it takes plain frames.
struct write_batch {
    struct ws_deflater *deflater;                 // borrowed; NULL: frames go out as they are
    size_t threshold;                             // bytes of the smallest packet that is compressed
    struct frame *frames[WRITE_BATCH_MAX_FRAMES]; // references
    uint32_t count;
    struct buffer bytes;
};

void write_batch_fini(struct write_batch *batch);
// Drops its references, so that no frame outlives a turn for its sake.
void write_batch_clear(struct write_batch *batch);

// One frame as it goes over the wire here.
struct span write_batch_frame(const struct write_batch *batch, struct frame *frame);
// The bytes of the first `n` frames of the outbox (1 to WRITE_BATCH_MAX_FRAMES), from the last call
// when they are the same. Valid until the next.
struct span write_batch_bytes(struct write_batch *batch, const struct outbox *outbox, uint32_t n);
