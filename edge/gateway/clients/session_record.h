// Writes the whole record of a session to the session store: user, socket, edge and all rooms.
//
// It is written when the session begins, and again whenever the store may have something else:
// because the store was down or has lost the session, or because a join was given up. Such records
// are written a few at a time, so that a store that has just come back is not overloaded. A record
// that gets no answer counts as not written.
//
// A store that was restarted or replaced may lack the newest of what it has answered. Then all
// records are written again, those first that were written last: what is lost is most likely
// theirs. A record says what holds on this edge now; if the store has a later generation of the
// session, it refuses the record, and the client's connection here is an old one.
#pragma once

#include "edge/gateway/clients/client_session.h"

void session_record_init(struct sessions *sessions, struct deadlines *clock);
void session_record_fini(struct sessions *sessions);
void session_record_on_up(struct sessions *sessions, bool may_lack);

// Writes the record of a session that has just begun, now or once the store is back.
void session_record_put(struct client_session *session);
// Marks the record: it will be written again soon, since the store may have other rooms than the
// client.
void session_record_mark_unwritten(struct client_session *session);
// Writes the record now if it is marked. The store must be up.
void session_record_flush(struct client_session *session);
// Writes the record of a session that the store has lost.
void session_record_restore(struct client_session *session);
