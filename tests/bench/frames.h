// WebSocket frames for the load generator: whole text frames, masked when sent and unmasked when
// received.
#pragma once

#include <stdbool.h>

#include "common/buffer.h"

#define FRAME_FIN   0x80
#define FRAME_TEXT  (FRAME_FIN | 0x1)
#define FRAME_CLOSE (FRAME_FIN | 0x8)
#define FRAME_PING  (FRAME_FIN | 0x9)
#define FRAME_PONG  (FRAME_FIN | 0xA)

// Appends a masked frame; `payload` has at most 65535 bytes.
void frame_append(struct buffer *out, unsigned head, struct span payload);

// Takes a whole frame off the front of `in`. Returns false if it is not complete. `payload` points
// into `in`.
bool frame_take(struct span *in, unsigned *head, struct span *payload);
