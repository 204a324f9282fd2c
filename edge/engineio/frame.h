// An Engine.IO packet, encoded once and shared by all sessions that send it.
//
// A frame has room for the longest WebSocket header and then the packet; the header is written so
// that it ends where the packet begins. So one frame serves both transports: a WebSocket sends
// header and packet, long-polling sends the packet alone.
//
//     | room for a header ... | 0x81 len | '4' '2' '[' ... |
//                             '-- wire --------------------'
//                                        '-- packet -------'
//
// For WebSockets with permessage-deflate the packet is compressed once, when the first of them
// sends it, and kept beside the plain form.
//
// A frame's memory is charged to the process's budget once, in however many outboxes it waits.
//
// Reference-counted, read-only once made, single-threaded.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/memory_budget.h"
#include "common/span.h"
#include "edge/websocket/permessage_deflate.h"

struct frame;

enum frame_kind {
    FRAME_TEXT = 0, // an Engine.IO packet with its type digit: "4hello"
    FRAME_BINARY,   // the bare bytes of a binary message
};

#define FRAME_PLACE (2 * sizeof(struct frame *)) // in an outbox's ring, which may be half empty

// Copies `packet`. The caller owns the one reference.
NODISCARD struct frame *frame_new(enum frame_kind kind, struct span packet);

// For encoders: makes a frame for a packet of up to `size` bytes, which the caller writes to
// `*packet` before it calls frame_finish(). The caller owns the one reference.
NODISCARD struct frame *frame_begin(enum frame_kind kind, size_t size, char **packet);
// Writes the header of a packet of `len` bytes (at most `size`). The frame is read-only then.
void frame_finish(struct frame *frame, size_t len);

// Appends `next` to the chain that begins with `frame`: a packet and its binary attachments, which
// must be sent without anything between them. Takes ownership of `next` and of its own chain.
void frame_follow(struct frame *frame, struct frame *next);
struct frame *frame_next(const struct frame *frame);

struct frame *frame_ref(struct frame *frame);
// Drops a reference. The last one frees the frame and drops its reference to the next one of the
// chain. NULL is ignored.
void frame_unref(struct frame *frame);

// Charges the frame's memory to `budget` until the last reference is dropped; once, further calls
// do nothing. False, with nothing charged, when the budget has no room. NULL has no limit.
NODISCARD bool frame_charge(struct frame *frame, struct memory_budget *budget);
// The same, even beyond the limit.
void frame_charge_anyway(struct frame *frame, struct memory_budget *budget);
// The bytes that a waiting frame counts in its outbox: the packet, the frame around it and its
// place in the ring. The compressed form is left out: it may be added while the frame waits.
size_t frame_cost(const struct frame *frame);

enum frame_kind frame_kind_of(const struct frame *frame);
// Valid for as long as the caller holds a reference.
struct span frame_packet(const struct frame *frame); // what polling sends
struct span frame_wire(const struct frame *frame);   // with its WebSocket header
// Compressed, with its header; the plain form if compression does not make it shorter. The first
// call compresses.
struct span frame_compressed_wire(struct frame *frame, struct ws_deflater *deflater);
