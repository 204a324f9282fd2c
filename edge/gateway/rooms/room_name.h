// The names of rooms: "user:<id>", and "<type>:<id>" of the types in the gateway's file.
#pragma once

#include <stdbool.h>

#include "common/buffer.h"
#include "common/span.h"

#define ROOM_ID_MAX 256 // bytes

// True if a peer's text may be the id in a room name: not empty, at most ROOM_ID_MAX bytes, no
// control characters.
bool room_name_takes(struct span id);

// Overwrites `out` with the name of the user's room. Returns the name.
struct span room_name_of_user(struct span user, struct buffer *out);

// True for a user's room, which clients join by connecting and cannot ask for.
static inline bool room_name_is_user(struct span room)
{
    return span_starts_with(room, SPAN_LIT("user:"));
}
