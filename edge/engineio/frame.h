// An Engine.IO packet, encoded once and shared by everybody who gets it.
//
// The bytes of the packet stand behind room for the longest WebSocket header, and the header is
// written right before them. So one frame serves both transports: a WebSocket takes header and
// packet, long-polling takes the packet alone.
//
//     | room for a header ... | 0x81 len | '4' '2' '[' ... |
//                             '-- wire --------------------'
//                                        '-- packet -------'
//
// For WebSockets with permessage-deflate the packet is compressed once, when the first of them
// takes it, and kept beside the plain one.
//
// What a frame really holds is taken from the process's budget of memory once, however many wait
// for it.
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

#define FRAME_PLACE (2 * sizeof(struct frame *)) // that one takes in an outbox, which doubles

// Copies `packet`. The caller owns the one reference.
NODISCARD struct frame *frame_new(enum frame_kind kind, struct span packet);

// For encoders: a frame with room for `size` bytes, and where to write them.
NODISCARD struct frame *frame_begin(enum frame_kind kind, size_t size, char **packet);
// The packet turned out `len` bytes long (at most `size`). Writes the header; the frame is done.
void frame_finish(struct frame *frame, size_t len);

// Binary attachments follow the packet that announces them, in one go. Takes ownership of `next`,
// which itself may be followed by others.
void frame_follow(struct frame *frame, struct frame *next);
struct frame *frame_next(const struct frame *frame);

struct frame *frame_ref(struct frame *frame);
void frame_unref(struct frame *frame); // and those that follow; NULL is ignored

// Takes what the frame holds from `budget`, once, until its last reference goes. False when there
// is no room.
NODISCARD bool frame_charge(struct frame *frame, struct memory_budget *budget);
void frame_charge_anyway(struct frame *frame, struct memory_budget *budget);
// The bytes that one in an outbox holds: the packet with everything around it. Without the
// compressed form, of which there is one for all.
size_t frame_cost(const struct frame *frame);

enum frame_kind frame_kind_of(const struct frame *frame);
// Valid for as long as the caller holds a reference.
struct span frame_packet(const struct frame *frame); // what polling sends
struct span frame_wire(const struct frame *frame);   // with its WebSocket header
// Compressed, with its header; the plain wire when that is not longer.
struct span frame_compressed_wire(struct frame *frame, struct ws_deflater *deflater);
