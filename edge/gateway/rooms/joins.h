// Requests of clients to join rooms: from the event until the verdict and, if the client has a
// recoverable session, until the session store has the room. Leaving a room waits for the store
// too. A request lives no longer than its client.
#pragma once

#include "edge/gateway/clients/client_ack.h"
#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/rooms/room_events.h"

struct joins {
    struct authorization *authorization;
    struct client_acks *acks;
    struct room_events *room_events;
    struct room_metrics *metrics;
};

// True if the client is in the room and has not asked to leave it.
bool joins_include(const struct client *client, struct span room);

// Joins a room. Sends the ack when the join is decided, which is at once if the client is in the
// room; if it enters, sends `user_joined` to the other members. Copies `room`.
void joins_ask(struct joins *joins, struct client *client, struct ack ack, struct span room);

// Lets the client into a room that it has not asked for. It enters once the session store has the
// room, or the write was given up. Copies `room`.
void joins_enter(struct joins *joins, struct client *client, struct span room);

// Lets the client into a room by an action of a service: at once, so that it misses nothing of the
// room, and the store follows. Joins of the room that are pending are acked. `note` is of the
// action; unused if the client has no session. False if the client is in the maximum number of
// rooms.
bool joins_admit(struct joins *joins, struct client *client, struct span room,
                 const struct room_note *note);

// Leaves a room. Cancels the client's pending joins of it and acks them with an error. The client
// leaves, the other members get `user_left` and the ack is sent once the session store has the
// change, or the write was given up; at once if the client has no session, or is not in the room.
// Copies `room`.
void joins_leave(struct joins *joins, struct client *client, struct ack ack, struct span room);

// The same for a client that is no longer to be in the room: it leaves at once, and the store
// follows.
void joins_expel(struct joins *joins, struct client *client, struct span room);

// Cancels all requests of a client that is gone, without acks.
void joins_forget(struct joins *joins, struct client *client);
