// Joins and leaves on their way to the session store. Whoever asked for one gets the ack when the
// store has it: an ack that the store does not know of could be broken by the next recovery.
//
// While the store is away they wait for SESSION_WAIT_MS; then they are given up, and the whole
// record is written once it is back.
#pragma once

#include "edge/gateway/clients/client_session.h"

#define SESSION_WAIT_MS 5000

void room_write_init(struct sessions *sessions, struct deadlines *clock);
void room_write_fini(struct sessions *sessions);
void room_write_on_up(struct sessions *sessions);

// Starts a write whose room, note and on_written are set.
void room_write_start(struct room_write *write, struct client_session *session);
// The write gets no answer. A join that may have been stored is undone.
void room_write_cancel(struct room_write *write);
