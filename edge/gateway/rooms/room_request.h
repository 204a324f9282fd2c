// What a client asks for when it joins, leaves or types: {"roomType": …, "roomId": …}.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

enum room_request {
    ROOM_REQUEST_OK = 0,
    ROOM_REQUEST_INCOMPLETE, // roomType or roomId is missing, empty or null
    ROOM_REQUEST_BAD_TYPE,
    ROOM_REQUEST_BAD_ID,
};

// Reads the first of an event's arguments, and on ROOM_REQUEST_OK puts the room's name into
// `room` in place of what it holds. The ids 42 and "42" name one room.
NODISCARD enum room_request room_request_read(struct span args, struct buffer *room);

// What the client is told.
const char *room_request_str(enum room_request result);
