#include "edge/gateway/delivery/replay_pace.h"

static void stop_waiting(struct replay_pace *pace, uint64_t now_ms)
{
    if (pace->waiting)
        pace->waited_ms += now_ms - pace->since_ms;
    pace->waiting = false;
}

static void note_wait(struct replay_pace *pace, uint64_t taken, uint64_t now_ms)
{
    if (!pace->waiting)
        pace->since_ms = now_ms;
    if (!pace->waiting || taken != pace->taken)
        pace->taken_at_ms = now_ms;
    pace->waiting = true;
    pace->taken = taken;
}

bool replay_pace_must_wait(struct replay_pace *pace)
{
    if (!pace->look)
        return false;
    struct eio_backlog crowd = pace->look(pace->arg);
    uint64_t now_ms = deadlines_now(pace->clock);

    if (crowd.sessions == 0) {
        stop_waiting(pace, now_ms);
        return false;
    }
    note_wait(pace, crowd.taken, now_ms);
    return now_ms - pace->taken_at_ms < REPLAY_STALL_MS &&
           pace->waited_ms + (now_ms - pace->since_ms) < REPLAY_WAIT_MS;
}

void replay_pace_reset(struct replay_pace *pace)
{
    pace->waiting = false;
    pace->waited_ms = 0;
}
