// The names of rooms: "user:<id>", "conversation:<id>", "notification:<id>".
#pragma once

#include <stdbool.h>

#include "common/buffer.h"
#include "common/span.h"

#define ROOM_ID_MAX 256 // bytes

// Whether a peer's text may stand as the id in a room name: not empty, not too long, no control
// characters.
bool room_name_takes(struct span id);

// Puts the name into `out` in place of what it holds. Returns it.
struct span room_name_of_user(struct span user, struct buffer *out);

// A user's own room is joined by connecting, and by no other way.
static inline bool room_name_is_user(struct span room)
{
    return span_starts_with(room, SPAN_LIT("user:"));
}
