// A session that was claimed belongs to one connection. Whoever had it before ends, in silence:
// nobody is told that a user left who has just come back.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// Ends who had the session that `attempt` has claimed: at once when it is at this edge. Another
// edge is told; if it cannot be, its next write is refused. `record` is what the claim brought.
void session_takeover_start(struct recovery_attempt *attempt, const struct session_record *record);

// A session of the user went to another connection: the socket that has it here ends, and a client
// that waits for it here gets a fresh one.
void session_takeover_handle(struct recovery *recovery, struct span user, struct span socket_id,
                             uint32_t generation);

// Ends a client whose session is another connection's now.
void session_takeover_end(struct client *client);
