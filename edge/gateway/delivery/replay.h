// The events that a client missed, as frames for this client alone. Each event carries the offset
// that the client has once it has handled that event.
#pragma once

#include "edge/engineio/frame.h"
#include "edge/gateway/delivery/log_tail.h"

// A client's stay in a room. It may have several in the same room.
struct replay_room {
    struct span name;
    struct cut start;    // the client missed the events above it
    struct position end; // and was taken out of the room then; none: it is still in it
};

struct replay_limits {
    size_t max_events, max_bytes; // of the frames
};

// How many entries of the log may be looked at, in the chains of all rooms. Most of them are
// events of the replay: the others are few, unless somebody contrives it.
static inline size_t replay_max_visits(const struct replay_limits *limits)
{
    return 4 * limits->max_events;
}

struct replay {
    struct frame **frames; // in the order of sending
    size_t count, bytes;
    struct cut last; // the offset of the last frame; the start if there is none
};

// Collects the events of `rooms` from the tail, in the order of their positions. An event of
// several of these rooms comes once. `start` is the cut that the client has; the tail must know the
// start of each room. Returns false, with nothing to free, if the replay would exceed a limit.
NODISCARD bool replay_make(struct log_tail *tail, struct span nsp, const struct replay_room *rooms,
                           size_t room_count, const struct cut *start,
                           const struct replay_limits *limits, struct replay *out);
// A zeroed replay is empty and may be passed too.
void replay_fini(struct replay *replay);
