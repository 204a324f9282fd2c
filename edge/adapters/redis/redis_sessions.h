// The session store on Redis: one hash for each session, and a script for each command.
//
//     ws:session:<id>   the session: see session_hash.h
//     ws:kicked:<user>  when the user was kicked, ms
//     ws:lost:{s}       the last position that was delivered and is missing in the log
//     ws:edge:<id>      channel of one edge
//
// It uses the bus's connection for commands. The bus tells it when that is up or down.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/gateway/clients/session_store.h"
#include "proto/redis_keys.h"

// A session that Redis had lost can be claimed only after this time: until then another edge may
// have a later state of it that it has not written yet (decision 020).
#define RESTORED_FOR_MS 70000
#define CLAIMS_A_MINUTE 30 // of one session

struct redis_sessions;

// `expiry_s`: how many seconds a session is kept after it was last written. Borrows the names
// and `edge_id`.
NODISCARD struct redis_sessions *redis_sessions_new(const struct redis_names *names,
                                                    uint32_t expiry_s, const char *edge_id,
                                                    unsigned shards);
void redis_sessions_free(struct redis_sessions *sessions);
struct session_store *redis_sessions_interface(struct redis_sessions *sessions);

// Loads the scripts on a new connection. `when_loaded` is called when Redis has answered for all.
void redis_sessions_load(struct redis_sessions *sessions, struct redis_connection *connection,
                         void (*when_loaded)(void *arg), void *arg);
bool redis_sessions_is_loaded(const struct redis_sessions *sessions);
// `may_lack`: the server may lack writes that were answered.
void redis_sessions_on_up(struct redis_sessions *sessions, bool may_lack);
// The connection is gone: all requests under way are told SESSION_AWAY or CLAIM_AWAY.
void redis_sessions_on_down(struct redis_sessions *sessions);
