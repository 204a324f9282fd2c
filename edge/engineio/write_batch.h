// The frames of one write to a WebSocket, joined in one buffer. The members of a busy room all wait
// for the same frames, so the bytes often serve the next session too.
#pragma once

#include "common/buffer.h"
#include "edge/engineio/outbox.h"

#define WRITE_BATCH_MAX_FRAMES 128
#define WRITE_BATCH_MAX_BYTES  ((size_t)128 * 1024)

// A zeroed struct is an empty batch that does not compress.
struct write_batch {
    struct ws_deflater *deflater;                 // borrowed; NULL: frames go out as they are
    size_t threshold;                             // bytes of the smallest packet that is compressed
    struct frame *frames[WRITE_BATCH_MAX_FRAMES]; // references
    uint32_t count;
    struct buffer bytes;
};

void write_batch_fini(struct write_batch *batch);
// Empties the batch. Call it at the end of a turn, so that the batch keeps no frame alive longer.
void write_batch_clear(struct write_batch *batch);

// The bytes that this batch sends for one frame: compressed, if it compresses frames of that size.
struct span write_batch_frame(const struct write_batch *batch, struct frame *frame);
// The bytes of the first `n` frames of the outbox (1 to WRITE_BATCH_MAX_FRAMES); those of the last
// call if the frames are the same. Valid until the next call.
struct span write_batch_bytes(struct write_batch *batch, const struct outbox *outbox, uint32_t n);
