// The payload of join_room, leave_room, typing and stop_typing: {"roomType": …, "roomId": …}.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/gateway_file/room_types.h"
#include "common/span.h"

enum room_request {
    ROOM_REQUEST_OK = 0,
    ROOM_REQUEST_INCOMPLETE, // roomType or roomId is missing, empty or null
    ROOM_REQUEST_BAD_TYPE,
    ROOM_REQUEST_BAD_ID,
};

// Reads the first of an event's arguments. On ROOM_REQUEST_OK overwrites `room` with the room's
// name, which is of one of the types; of any, and not checked, if `types` is NULL. The ids 42 and
// "42" name the same room.
NODISCARD enum room_request room_request_read(struct span args, const struct room_types *types,
                                              struct buffer *room);

// The text of the error that the client gets.
const char *room_request_str(enum room_request result);
