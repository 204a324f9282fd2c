// WebSocket frames as the load generator needs them: whole texts, masked when they are sent and
// bare when they come.
#pragma once

#include <stdbool.h>

#include "common/buffer.h"

#define FRAME_FIN   0x80
#define FRAME_TEXT  (FRAME_FIN | 0x1)
#define FRAME_CLOSE (FRAME_FIN | 0x8)
#define FRAME_PING  (FRAME_FIN | 0x9)
#define FRAME_PONG  (FRAME_FIN | 0xA)

// Appends a client's frame; `payload` is of 65535 bytes at most.
void frame_append(struct buffer *out, unsigned head, struct span payload);

// Takes a whole frame off the front of `in`; false when there is none yet. `payload` points into
// `in`.
bool frame_take(struct span *in, unsigned *head, struct span *payload);
