// What the gateway counts. Written by the loop's thread, read by any.
#pragma once

#include "common/metrics.h"
#include "edge/gateway/clients/token_status.h"
#include "edge/gateway/delivery/log_tail.h"
#include "edge/gateway/rooms/authorization_service.h"

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

struct gateway_metrics {
    metric auth_refused[TOKEN_STATUSES];
    metric users_over_limit;        // clients refused because their user has too many
    metric log_left_out;            // lines, see peer_log.h
    metric events[EVENT_KINDS + 1]; // the last: unknown ones
    metric events_refused;          // answered with an error
    metric typing_left_out;         // not told to a room that is told too much
    metric joins_forbidden, joins_unavailable, joins_over_limit;
    // Asking services who may join, see authorization_requests.h.
    metric asks[ROOM_SERVICES][SERVICE_ANSWERS];
    struct histogram ask_ms; // from the first join that waits until the answer
    metric asks_under_way;   // questions that a service is being asked
    metric joins_waiting;
    metric joins_merged;     // into a question that was open already
    metric joins_overflowed; // there was no place to wait
    metric answer_cache_hits, answer_cache_entries;
    metric tokens_expiring, tokens_expired, tokens_refreshed;
    metric kicked;
    metric recoveries[RECOVERY_RESULTS];
    metric replayed; // events
    metric regrants_refused;
    struct {
        metric writes;   // to the session store
        metric refused;  // because another connection has the session
        metric restored; // sessions that the store had lost
        metric given_up; // joins and leaves that could not be written in time
    } sessions;
    struct log_tail_metrics tail;
    metric reach_s; // how far back in time the tail reaches
    metric rooms;

    metric envelopes; // that came, by publication or from the log
    metric envelopes_malformed;
    metric envelopes_own;       // published by this edge itself, skipped
    metric envelopes_delivered; // that had members here
    // Of each delivery, see latency.h.
    struct histogram latency_of_relay, latency_of_edges;
    metric duplicates; // positions that were delivered before
    metric gaps;       // times that the log had to be read
    metric log_reads, log_entries;
    metric log_pauses;       // because clients were behind
    metric held_bytes;       // of envelopes that wait for the log
    metric held_dropped;     // over the limit, read again from the log
    metric losses;           // times that the log had lost something
    metric loss_disconnects; // clients that were closed for it
    metric following;        // 1: every shard is up to date

    metric heartbeats;
    metric heartbeat_at_ms; // monotonic; 0: never
};
