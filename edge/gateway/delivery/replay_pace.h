// Paces reads of the log, so that catching up does not overflow the outboxes of clients that read.
//
// Redis returns pages faster than a client on a slow network takes them. So a read waits while some
// outboxes are filling up: as long as these clients take something at least every REPLAY_STALL_MS,
// and for REPLAY_WAIT_MS in all. The limits keep a client that does not read, or reads very slowly,
// from holding up the others.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/options.h"

#define REPLAY_STALL_MS 3000
#define REPLAY_WAIT_MS  20000

struct replay_pace {
    const struct deadlines *clock;
    struct eio_backlog (*look)(void *arg); // clients that are behind; NULL: never wait
    void *arg;
    // Private. Zero at first.
    bool waiting;
    uint64_t since_ms;           // when the current wait began
    uint64_t waited_ms;          // sum of the earlier waits of this read
    uint64_t taken, taken_at_ms; // what the clients behind had taken, and when that last changed
};

// True if the next entry should wait.
NODISCARD bool replay_pace_must_wait(struct replay_pace *pace);
// Call when a read has reached the end: the next one may wait for the full REPLAY_WAIT_MS.
void replay_pace_reset(struct replay_pace *pace);
