// The event by which the members of a room learn how many clients are in it, over all edges.
#pragma once

#include "common/buffer.h"

#define ROOM_COUNT_EVENT "room_count"

// Appends {"room":…,"count":…,"timestamp":…}.
void room_count_write(struct buffer *out, struct span room, uint64_t count, uint64_t now_ms);
