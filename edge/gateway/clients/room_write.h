// Writes joins and leaves to the session store. The client gets its ack once the store has the
// change; otherwise the next recovery could undo a join that was acknowledged.
//
// While the store is down a write waits for SESSION_WAIT_MS. Then it is given up, and the whole
// record is written once the store is back.
#pragma once

#include "edge/gateway/clients/client_session.h"

#define SESSION_WAIT_MS 5000

void room_write_init(struct sessions *sessions, struct deadlines *clock);
void room_write_fini(struct sessions *sessions);
void room_write_on_up(struct sessions *sessions);

// Starts a write. The caller has set leaves, room, note and on_written; `write` must stay in place
// until on_written or room_write_cancel().
void room_write_start(struct room_write *write, struct client_session *session);
// Ends a pending write without on_written. The store may have got a join already, so the whole
// record is written again, without it. After a leave the store may have the room or not. Both are
// right: the client was in the room until now, has all of its events, and got no ack.
void room_write_cancel(struct room_write *write);
