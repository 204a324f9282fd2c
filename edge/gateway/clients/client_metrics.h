// Metrics of clients: refusals, events, tokens and recoveries.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/clients/token_status.h"

enum client_event_kind {
    EVENT_JOIN_ROOM = 0,
    EVENT_LEAVE_ROOM,
    EVENT_TYPING,
    EVENT_STOP_TYPING,
    EVENT_REFRESH_TOKEN,
    EVENT_OWN,   // of the gateway's file
    EVENT_KINDS, // the number of kinds, and the index of unknown events
};

// How the attempts of clients to get their session back ended. All but RECOVERY_DONE lead to a
// fresh session.
enum recovery_result {
    RECOVERY_DONE = 0,
    RECOVERY_UNKNOWN,   // the store has no session of this id
    RECOVERY_FOREIGN,   // the session belongs to another user
    RECOVERY_KICKED,    // the user was kicked since the session began
    RECOVERY_OFFSET,    // the offset is malformed, or has another number of shards
    RECOVERY_STALE,     // the offset is from before the session
    RECOVERY_REACH,     // missed events are no longer in the tail, or were lost
    RECOVERY_AHEAD,     // this edge did not get as far as the client's offset in time
    RECOVERY_AWAY,      // the session store did not answer in time
    RECOVERY_TOO_MUCH,  // the replay would exceed its limits
    RECOVERY_TOO_OFTEN, // the session was claimed too often within a minute
    RECOVERY_RESTORED,  // the store lost the session and got it back only recently
    RECOVERY_OVERTAKEN, // another connection has claimed the session since
    RECOVERY_RESULTS,
};

struct client_metrics {
    metric auth_refused[TOKEN_STATUSES];
    metric users_over_limit;        // clients refused because their user has too many sockets
    metric log_left_out;            // lines that peer_log.h left out
    metric events[EVENT_KINDS + 1]; // the last counts unknown events
    metric events_refused;          // events that were answered with an error
    metric own_too_big, own_too_many, own_left_out; // events of the file that were refused
    metric typing_left_out; // typing events dropped because the room gets too many
    metric tokens_expiring, tokens_expired, tokens_refreshed;
    metric tokens_withdrawn; // clients closed because the key of their token was taken away
    metric kicked, revoked;  // sockets
    metric removed;          // sockets that an operator took out of a room
    metric expelled, admitted, disconnected; // sockets, by actions of services
    metric not_admitted;                     // because they were in as many rooms as they may be
    metric revocations;                      // users whose tokens are revoked
    metric revocations_left_out, revocations_restored;
    metric recoveries[RECOVERY_RESULTS];
    metric claims_queued;    // claims that waited for their turn
    metric replayed;         // events
    metric regrants_refused; // memberships that a service no longer grants
    struct {
        metric writes;    // to the session store
        metric refused;   // writes, because another connection has the session
        metric restored;  // sessions that the store had lost
        metric rewritten; // sessions, because the store may lack writes
        metric given_up;  // joins and leaves that could not be written in time
    } sessions;
};
