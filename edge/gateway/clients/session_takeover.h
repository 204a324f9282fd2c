// A claimed session belongs to one connection. This module ends the connection that had the session
// before, without `user_left`: the user has just come back.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// Ends the previous connection of the session that `attempt` has claimed: at once if it is at this
// edge. Another edge gets a message; if that is lost, the store refuses the edge's next write.
// `record` is the answer to the claim.
void session_takeover_start(struct recovery_attempt *attempt, const struct session_record *record);

// The session of `socket_id` was claimed as `generation`, here or at another edge. Ends the socket
// that has the session at this edge, and refuses an attempt that waits for it, if their generation
// is an earlier one.
void session_takeover_handle(struct recovery *recovery, struct span user, struct span socket_id,
                             uint64_t generation);

// Disconnects a client whose session belongs to another connection now.
void session_takeover_end(struct client *client);
