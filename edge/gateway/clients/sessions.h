// All recoverable sessions of this edge: from the connect of a client until its connection is lost.
#pragma once

#include "edge/gateway/clients/client_session.h"

// The fields above `writes` are set.
void sessions_init(struct sessions *sessions, struct deadlines *clock);
// No session may be left.
void sessions_fini(struct sessions *sessions);
// The store is back: it gets what could not be written.
void sessions_on_up(struct sessions *sessions);

// Writes a fresh session for the first time, once its client is in its own room, and touches it
// from then on.
void sessions_add(struct client_session *session);
// Notes that its connection is lost, and first what the store still lacks; `request` may be NULL.
// The store must be up.
void sessions_end(struct client_session *session, struct session_request *request);
