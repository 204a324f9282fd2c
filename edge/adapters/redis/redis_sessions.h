// The session store on Redis: one hash for each session, and a script for each command.
//
//     ws:session:<id>   the session: see session_hash.h
//     ws:kicked:<user>  when the user was kicked, ms
//     ws:lost:{s}       the last position that was delivered and is missing in the log
//     ws:edge:<id>      channel of one edge
//
// It works on the connection for commands of the bus, which tells it what becomes of that.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/gateway/clients/session_store.h"

// A session that Redis had lost is claimed only once every edge must have written what it holds.
#define RESTORED_FOR_MS 70000
#define CLAIMS_A_MINUTE 30

struct redis_sessions;

// `expiry_s` is how long a session is kept after it was written last. Borrows `edge_id`.
NODISCARD struct redis_sessions *redis_sessions_new(uint32_t expiry_s, const char *edge_id,
                                                    unsigned shards);
void redis_sessions_free(struct redis_sessions *sessions);
struct session_store *redis_sessions_interface(struct redis_sessions *sessions);

// A new connection, on which the scripts are loaded. `when_loaded` is called when they are.
void redis_sessions_load(struct redis_sessions *sessions, struct redis_connection *connection,
                         void (*when_loaded)(void *arg), void *arg);
bool redis_sessions_is_loaded(const struct redis_sessions *sessions);
void redis_sessions_on_up(struct redis_sessions *sessions);
// The connection is gone: nothing that is under way is answered any more.
void redis_sessions_on_down(struct redis_sessions *sessions);
