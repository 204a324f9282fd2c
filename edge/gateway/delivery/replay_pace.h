// How fast the log is replayed: no faster than clients who read take it.
//
// What was missed comes in pages, as fast as Redis gives them, and a client of a long way takes
// what its outbox holds only then. So while the outboxes of some are filling up, a replay waits: as
// long as they take something, for REPLAY_STALL_MS at a time and REPLAY_WAIT_MS in all. So nobody
// who does not read, or reads very slowly, keeps the others waiting for long.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/options.h"

#define REPLAY_STALL_MS 3000
#define REPLAY_WAIT_MS  20000

struct replay_pace {
    const struct deadlines *clock;
    struct eio_backlog (*look)(void *arg); // NULL: it never waits
    void *arg;
    // Its own.
    bool waiting;
    uint64_t since_ms;           // it is waiting
    uint64_t waited_ms;          // before that, in this replay
    uint64_t taken, taken_at_ms; // what the crowd had taken, and when that last grew
};

// Whether the next entry should wait.
NODISCARD bool replay_pace_must_wait(struct replay_pace *pace);
// The replay is over; the next one has all its patience.
void replay_pace_reset(struct replay_pace *pace);
