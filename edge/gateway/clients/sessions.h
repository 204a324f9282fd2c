// All recoverable sessions of this edge, from the connect of a client until it disconnects.
#pragma once

#include "edge/gateway/clients/client_session.h"

// The caller has set the fields above `writes`.
void sessions_init(struct sessions *sessions, struct deadlines *clock);
// No session may be left.
void sessions_fini(struct sessions *sessions);
// Call when the store is up again: sends what could not be written. With `may_lack` all records are
// written again, see session_record.h.
void sessions_on_up(struct sessions *sessions, bool may_lack);

// Writes a fresh session for the first time and touches it from then on. Its client must be in its
// user room.
void sessions_add(struct client_session *session);
// Writes the record if the store lacks something, and then that the connection is lost. `request`
// gets the answer; it may be NULL. The store must be up.
void sessions_end(struct client_session *session, struct session_request *request);
