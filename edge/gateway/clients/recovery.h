// Connection state recovery: a client that comes back gets its session, its rooms, and every event
// of them that it missed; or it is told that it starts afresh.
//
//     CONNECT {pid, offset} ──▶ claim ──▶ wait until this edge is far enough ──▶ replay from memory
//                                 │                    │                              │
//                                 └────────────────────┴──── cannot ──▶ fresh session ◀┘
//
// It is a step of the namespace's middleware, behind the token's. The socket stays CONNECTING while
// it takes; all that the client gets follows the CONNECT reply in the same turn.
#pragma once

#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/clients/recovery_clients.h"
#include "edge/gateway/clients/regrants.h"
#include "edge/gateway/delivery/replay.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/rooms/room_events.h"

#define RECOVERY_WAIT_MS 5000

struct recovery_attempt;

struct recovery {
    enum recovery_clients clients;
    struct sessions *sessions; // NULL: nothing is recovered
    struct delivery *delivery;
    struct room_events *room_events;
    struct authorization *authorization;
    struct regrants *regrants;
    struct gateway_metrics *metrics;
    struct replay_limits limits;
    struct list attempts; // of struct recovery_attempt
    struct deadline_queue patience, retries;
    struct buffer text;
};

void recovery_init(struct recovery *recovery, struct deadlines *clock);
void recovery_fini(struct recovery *recovery);

// The step: for sio_namespace_use(), with the recovery as its argument.
void recovery_ask(struct sio_socket *socket, struct span auth, void *recovery);
// The client is gone before it was let in. NULL is ignored.
void recovery_forget(struct recovery_attempt *attempt);

// Sends the CONNECT reply. True when the client has its session back; recovery_replay() follows.
bool recovery_accept(struct recovery *recovery, struct client *client);
// Stores the fresh session of a client that has none else, once it is in its own room.
void recovery_begin(struct recovery *recovery, struct client *client);
// The offset that the client came with; empty: none.
struct span recovery_offset(const struct client *client);
// Sends what was missed, and joins the rooms.
void recovery_replay(struct recovery *recovery, struct client *client);

// The session store is back.
void recovery_on_up(struct recovery *recovery);
// A session of the user went to another connection: the socket that has it here ends.
void recovery_on_takeover(struct recovery *recovery, struct span user, struct span socket_id,
                          uint32_t generation);
// Ends a client whose session is another connection's now. Nobody is told that it leaves.
void recovery_end_taken(struct client *client);
