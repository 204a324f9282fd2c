// Connection state recovery: a client that reconnects gets its session and its rooms back, and
// every event of these rooms that it missed. If that is not possible it gets a fresh session.
//
//     CONNECT {pid, offset} ──▶ claim ──▶ wait until this edge is far enough ──▶ replay from memory
//                                 │                    │                              │
//                                 └────────────────────┴─── failed ──▶ fresh session ◀─┘
//
// Recovery is a step of the namespace's middleware, after the check of the token. The socket stays
// CONNECTING meanwhile. Everything that the client gets follows the CONNECT reply in the same turn
// of the loop (recovery_accept.h). recovery_attempt.h lists the files and what each does.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

#define RECOVERY_WAIT_MS 5000
#define RECOVERY_HOLD_MS 1200 // an edge that finds Redis starting asks again within a second

// The caller has set the fields above `attempts`. `store` is that of the sessions; NULL: recovery
// is off.
void recovery_init(struct recovery *recovery, struct session_store *store, struct deadlines *clock);
// No attempt may be left.
void recovery_fini(struct recovery *recovery);

// The step of the middleware, for sio_namespace_use(); `recovery` is a struct recovery.
void recovery_ask(struct sio_socket *socket, struct span auth, void *recovery);

// Call when the session store is up again: sends the claims that it has not answered. With
// `may_lack` it sends no claim for RECOVERY_HOLD_MS: by then the edges have written again what the
// store may lack of their sessions.
void recovery_on_up(struct recovery *recovery, bool may_lack);
