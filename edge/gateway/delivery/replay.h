// What a client missed of its rooms, encoded for it alone: each event with the offset that the
// client has when it has handled this one too.
#pragma once

#include "edge/engineio/frame.h"
#include "edge/gateway/delivery/log_tail.h"

struct replay_room {
    struct span name;
    unsigned shard;
    struct position start; // events behind it are missed
};

struct replay_limits {
    size_t max_events, max_bytes; // of the frames
};

struct replay {
    struct frame **frames; // in the order of sending
    size_t count, bytes;
    struct cut last; // the offset of the last one
};

// False, and nothing to be freed, when it would pass a limit. `start` is what the client has of
// every shard; the tail must know it for the shards of its rooms.
NODISCARD bool replay_make(const struct log_tail *tail, struct span nsp,
                           const struct replay_room *rooms, size_t room_count,
                           const struct cut *start, const struct replay_limits *limits,
                           struct replay *out);
// A zeroed one is empty.
void replay_fini(struct replay *replay);
