// Frames that wait for a client's transport: a bounded ring of references.
#pragma once

#include <stdint.h>

#include "edge/engineio/frame.h"

struct outbox {
    struct frame **ring; // allocated with the first frame
    uint32_t capacity;   // a power of two
    uint32_t head;
    uint32_t count;
    size_t bytes; // frame_cost() of all waiting frames
};

// A zeroed struct is an empty outbox.
void outbox_fini(struct outbox *outbox);

// Takes a reference of its own. False when `max_bytes` would be exceeded; nothing is added then.
// An empty outbox takes one frame of any size.
NODISCARD bool outbox_push(struct outbox *outbox, struct frame *frame, size_t max_bytes);

// The i-th waiting frame, borrowed; `i` is less than `count`.
struct frame *outbox_at(const struct outbox *outbox, uint32_t i);

// Drops the first `n` frames.
void outbox_drop(struct outbox *outbox, uint32_t n);
