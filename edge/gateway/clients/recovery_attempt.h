// One client's attempt to get its session back, from its CONNECT until it is let in or gone, and
// what all attempts at this edge share.
//
//     recovery.c            asks for the session, waits, and decides
//     recovery_request.c    what the client wants
//     claim_queue.c         whose turn it is to be asked for
//     claimed_session.c     what the session store had
//     session_takeover.c    ends the connection that had the session before
//     resume_point.c        where the client goes on
//     recovery_accept.c     lets it in
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
    struct sessions *sessions; // NULL: nothing is recovered
    struct delivery *delivery;
    struct room_events *room_events;
    struct authorization *authorization;
    struct regrants *regrants;
    struct client_metrics *metrics;
    struct replay_limits limits;
    struct list attempts;             // of struct recovery_attempt; those that are not decided
    struct recovery_attempt *waiting; // of these, by the ids of their sockets
    struct claim_queue claims;
    struct deadline_queue patience, retries;
    struct buffer text;
};

struct recovery_attempt {
    struct list node; // in recovery->attempts
    struct recovery *recovery;
    struct client *client;
    struct recovery_request request;
    struct queued_claim claim;
    struct deadline patience, retry;
    bool waits;                     // for this edge to come as far as the client
    UT_hash_handle hh;              // in recovery->waiting while it waits
    bool claimed, ready;            // `session` is set; `replay` too, and the client may come in
    struct claimed_session session; // its id is the request's
    struct cut start;               // where the client goes on, see resume_point.h
    struct replay replay;
};

static inline struct session_store *recovery_store(const struct recovery *recovery)
{
    return recovery->sessions->store;
}

// Hangs a new attempt into its client.
struct recovery_attempt *recovery_attempt_new(struct recovery *recovery, struct client *client);
// It is let in, or its client is gone. NULL is ignored.
void recovery_attempt_free(struct recovery_attempt *attempt);

// Until this edge is far enough. One waits for a socket id: an older one is overtaken.
void recovery_attempt_wait(struct recovery_attempt *attempt);
// One that waits for its session, which a later generation has, starts afresh.
void recovery_attempt_overtake(struct recovery *recovery, struct span socket_id,
                               uint32_t generation);

// It is decided: nothing is waited for any more.
void recovery_attempt_settle(struct recovery_attempt *attempt);
// Settles it so that the client goes on to a fresh session, and counts why. The session that it
// has claimed is given up, so that nobody asks for it again, unless another connection has it.
void recovery_attempt_refuse(struct recovery_attempt *attempt, enum recovery_result why);
