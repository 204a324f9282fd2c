// The frames of one write to a WebSocket, put together. A busy room's members all wait for the
// same frames, so the next session's write is often the same bytes.
#pragma once

#include "common/buffer.h"
#include "edge/engineio/outbox.h"

#define GATHER_MAX_FRAMES 128
#define GATHER_MAX_BYTES  ((size_t)128 * 1024)

// Zeroed, it gathers plain frames.
struct gather {
    struct ws_deflater *deflater;            // borrowed; NULL: frames go out as they are
    size_t threshold;                        // bytes of the smallest packet that is compressed
    struct frame *frames[GATHER_MAX_FRAMES]; // references
    uint32_t count;
    struct buffer bytes;
};

void gather_fini(struct gather *gather);
// Drops its references, so that no frame outlives a turn for its sake.
void gather_forget(struct gather *gather);

// One frame as it goes over the wire here.
struct span gather_wire(const struct gather *gather, struct frame *frame);
// The bytes of the first `n` frames of the outbox (1 to GATHER_MAX_FRAMES), from the last call
// when they are the same. Valid until the next.
struct span gather_frames(struct gather *gather, const struct outbox *outbox, uint32_t n);
