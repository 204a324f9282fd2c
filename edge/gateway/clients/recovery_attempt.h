// One client's attempt to get its session back, from the CONNECT until the client is let in or
// gone, and what all attempts at this edge share.
//
//     recovery.c            claims the session, waits, and decides
//     recovery_request.c    reads `pid` and `offset` of the CONNECT
//     claim_queue.c         limits the claims that the store gets at one time
//     claimed_session.c     keeps what the session store had
//     session_takeover.c    ends the connection that had the session before
//     resume_point.c        finds the position at which the client goes on
//     recovery_accept.c     lets the client in
#pragma once

#include "common/hash.h"
#include "edge/gateway/clients/claim_queue.h"
#include "edge/gateway/clients/claimed_session.h"
#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/clients/recovery_clients.h"
#include "edge/gateway/clients/recovery_request.h"
#include "edge/gateway/clients/regrants.h"
#include "edge/gateway/delivery/replay.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/rooms/room_events.h"

struct recovery {
    enum recovery_clients clients;
    struct sessions *sessions; // NULL: recovery is off
    struct delivery *delivery;
    struct room_events *room_events;
    struct authorization *authorization;
    struct regrants *regrants;
    struct client_metrics *metrics;
    struct replay_limits limits;
    size_t max_rooms;                 // of a client
    struct list attempts;             // of struct recovery_attempt: those not settled yet
    struct recovery_attempt *waiting; // hash by socket id: those that wait for this edge
    struct claim_queue claims;
    struct deadline_queue timeouts, retries, holds;
    struct deadline hold; // of all claims
    struct buffer text;
};

struct recovery_attempt {
    struct list node; // in recovery->attempts
    struct recovery *recovery;
    struct client *client;
    struct recovery_request request;
    struct queued_claim claim;
    struct deadline timeout, retry;
    bool waits;          // for this edge to get as far as the client
    UT_hash_handle hh;   // in recovery->waiting while `waits`
    bool claimed, ready; // `session` is set; `replay` too: the client gets its session back
    struct claimed_session session; // its key.id points into `request`
    struct cut start;               // where the client goes on, see resume_point.h
    struct replay replay;
    struct buffer ended; // rooms that missed actions have taken it out of, each with a NUL
    bool let_in;         // into a room, by a missed action; the store does not have that
};

static inline struct session_store *recovery_store(const struct recovery *recovery)
{
    return recovery->sessions->store;
}

// Sets client->attempt, which must be NULL before.
struct recovery_attempt *recovery_attempt_new(struct recovery *recovery, struct client *client);
// Settles the attempt and clears client->attempt. NULL is ignored.
void recovery_attempt_free(struct recovery_attempt *attempt);

// Marks the attempt as one that waits until this edge is far enough. At most one attempt waits for
// a socket id: one of an earlier generation is refused as overtaken.
void recovery_attempt_wait(struct recovery_attempt *attempt);
// Another connection has claimed the session of `socket_id` as `generation`. Refuses an attempt of
// an earlier generation that waits for that session.
void recovery_attempt_overtake(struct recovery *recovery, struct span socket_id,
                               uint64_t generation);

// Where a room that was joined at this cut starts: a client does not get what the room said before.
// Uses attempt->start.
struct cut recovery_attempt_start(const struct recovery_attempt *attempt, const struct cut *joined);

// Calls `visit` for each attempt of the user that is not settled yet. The visitor may settle,
// refuse or free the visited attempt.
void recovery_each_attempt_of(struct recovery *recovery, struct span user,
                              void (*visit)(struct recovery_attempt *attempt, void *arg),
                              void *arg);
// Takes a room out of the session that will be recovered. An attempt whose session is not known yet
// is refused, since the store may have answered the claim before the room was left. Returns true if
// either happened.
bool recovery_attempt_leave(struct recovery_attempt *attempt, struct span room);

// Cancels everything that the attempt waits for: its deadlines and its claim.
void recovery_attempt_settle(struct recovery_attempt *attempt);
// Settles the attempt, counts `why`, and lets the middleware go on: the client will get a fresh
// session. Drops the claimed session from the store, unless a later generation has it.
void recovery_attempt_refuse(struct recovery_attempt *attempt, enum recovery_result why);
