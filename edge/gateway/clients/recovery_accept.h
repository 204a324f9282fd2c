// Lets a client in, to the session that it had or to a fresh one.
//
// The CONNECT reply, `connected`, the replay and the joins of the rooms happen in one turn of the
// loop, and so in one write. No live event can come between the replay and the joins.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// Sends the CONNECT reply. Returns true if the client has its session back: call recovery_replay()
// then, and otherwise recovery_begin().
bool recovery_accept(struct recovery *recovery, struct client *client);

// Stores the fresh session of a client that has joined its first rooms. Does nothing if the client
// has no session.
void recovery_begin(struct client *client);

// The offset of the client's CONNECT; empty if it had none. Only before recovery_replay().
struct span recovery_offset(const struct client *client);
// The rooms that the client was taken out of while it was away, each with a NUL behind it. The
// caller owns them. Only before recovery_replay().
NODISCARD struct buffer recovery_take_ended(const struct client *client);
// Sends the missed events, writes the session's freshness and joins the rooms.
void recovery_replay(struct recovery *recovery, struct client *client);
