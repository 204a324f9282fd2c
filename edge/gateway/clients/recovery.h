// Connection state recovery: a client that comes back gets its session, its rooms, and every event
// of them that it missed; or it is told that it starts afresh.
//
//     CONNECT {pid, offset} ──▶ claim ──▶ wait until this edge is far enough ──▶ replay from memory
//                                 │                    │                              │
//                                 └────────────────────┴──── cannot ──▶ fresh session ◀┘
//
// It is a step of the namespace's middleware, behind the token's. The socket stays CONNECTING while
// it takes; all that the client gets follows the CONNECT reply in the same turn
// (recovery_accept.h). recovery_attempt.h has which file does what.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

#define RECOVERY_WAIT_MS 5000

// The fields above `attempts` are set. `store` is that of the sessions; NULL: nothing is recovered.
void recovery_init(struct recovery *recovery, struct session_store *store, struct deadlines *clock);
// No attempt may be left.
void recovery_fini(struct recovery *recovery);

// The step: for sio_namespace_use(), with the recovery as its argument.
void recovery_ask(struct sio_socket *socket, struct span auth, void *recovery);

// The session store is back.
void recovery_on_up(struct recovery *recovery);
