// The frames of one write to a WebSocket, in pieces: small frames that follow one another are
// joined in one buffer, larger ones are sent from where they are. The members of a busy room all
// wait for the same frames, so the pieces often serve the next session too.
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
    struct buffer joined; // the small ones
    struct span pieces[WRITE_BATCH_MAX_FRAMES];
    uint32_t piece_count;
    size_t size; // of all pieces
};

void write_batch_fini(struct write_batch *batch);
// Empties the batch. Call it at the end of a turn, so that the batch keeps no frame alive longer.
void write_batch_clear(struct write_batch *batch);

// The bytes that this batch sends for one frame: compressed, if it compresses frames of that size.
struct span write_batch_frame(const struct write_batch *batch, struct frame *frame);
// Makes `pieces` those of the first `n` frames of the outbox (1 to WRITE_BATCH_MAX_FRAMES). Does
// nothing if they are those of the last call. The pieces are valid until the next call.
void write_batch_fill(struct write_batch *batch, const struct outbox *outbox, uint32_t n);
