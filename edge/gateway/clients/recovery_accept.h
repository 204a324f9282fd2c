// Lets a client in, to the session that it had or to a fresh one.
//
// Everything happens in one turn of the loop, and so in one write: the CONNECT reply, `connected`,
// what was missed, and the rooms. Nothing can come between.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// Sends the CONNECT reply. True when the client has its session back; recovery_replay() follows.
// Otherwise recovery_begin() does.
bool recovery_accept(struct recovery *recovery, struct client *client);

// Stores the fresh session of a client, once it is in its own room. Nothing if it has none.
void recovery_begin(struct recovery *recovery, struct client *client);

// The offset that the client came with, until the replay; empty: none.
struct span recovery_offset(const struct client *client);
// Sends what was missed, and joins the rooms.
void recovery_replay(struct recovery *recovery, struct client *client);
