// What is counted of clients: who was refused, what they asked for, and who came back.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/clients/token_status.h"

enum client_event_kind {
    EVENT_JOIN_ROOM = 0,
    EVENT_LEAVE_ROOM,
    EVENT_TYPING,
    EVENT_STOP_TYPING,
    EVENT_REFRESH_TOKEN,
    EVENT_KINDS, // how many there are; stands for unknown events too
};

// What became of clients that wanted their session back.
enum recovery_result {
    RECOVERY_DONE = 0,
    RECOVERY_UNKNOWN,   // there is no such session (any more)
    RECOVERY_FOREIGN,   // it is another user's
    RECOVERY_KICKED,    // its user was kicked
    RECOVERY_OFFSET,    // the offset is none of ours
    RECOVERY_STALE,     // the offset is from before the session
    RECOVERY_REACH,     // what was missed is not in memory, or lost
    RECOVERY_AHEAD,     // this edge did not come as far in time
    RECOVERY_AWAY,      // the session store did not answer in time
    RECOVERY_TOO_MUCH,  // more was missed than may be sent at once
    RECOVERY_TOO_OFTEN, // again and again
    RECOVERY_RESTORED,  // the store had lost the session not long ago
    RECOVERY_OVERTAKEN, // another connection was quicker
    RECOVERY_RESULTS,
};

struct client_metrics {
    metric auth_refused[TOKEN_STATUSES];
    metric users_over_limit;        // clients refused because their user has too many
    metric log_left_out;            // lines, see peer_log.h
    metric events[EVENT_KINDS + 1]; // the last: unknown ones
    metric events_refused;          // answered with an error
    metric typing_left_out;         // not told to a room that is told too much
    metric tokens_expiring, tokens_expired, tokens_refreshed;
    metric kicked;
    metric recoveries[RECOVERY_RESULTS];
    metric claims_queued; // that waited for others
    metric replayed;      // events
    metric regrants_refused;
    struct {
        metric writes;   // to the session store
        metric refused;  // because another connection has the session
        metric restored; // sessions that the store had lost
        metric given_up; // joins and leaves that could not be written in time
    } sessions;
};
