// The whole record of a session in the session store: user, socket, edge and all rooms.
//
// It is written when the session begins, and again whenever the store may have something else:
// because it was away, or has lost the session, or a join was given up. These are written bit by
// bit, so that a store that has just come back is not buried. A record that gets no answer counts
// as not written.
#pragma once

#include "edge/gateway/clients/client_session.h"

void session_record_init(struct sessions *sessions, struct deadlines *clock);
void session_record_fini(struct sessions *sessions);
void session_record_on_up(struct sessions *sessions);

// Writes the record of a session that has just begun, now or once the store is back.
void session_record_put(struct client_session *session);
// The store may have other rooms than the client: all of them are written, soon.
void session_record_mark_unwritten(struct client_session *session);
// Writes the record now if it is marked. The store must be up.
void session_record_flush(struct client_session *session);
// The store does not know the session any more: it is written again.
void session_record_restore(struct client_session *session);
