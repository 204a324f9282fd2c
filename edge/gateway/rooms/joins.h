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

// Starts a join of a room that the client is not in. Sends the ack when the join is decided; if the
// client is let in, sends `user_joined` to the other members. Copies `room`.
void joins_ask(struct joins *joins, struct client *client, struct ack ack, struct span room);

// Cancels the client's pending joins of this room; acks them with an error.
void joins_cancel(struct joins *joins, struct client *client, struct span room);

// Call after the client has left the room. Sends the ack once the session store has the change, or
// the write was given up. Copies `room`.
void joins_leave(struct joins *joins, struct client *client, struct ack ack, struct span room);

// Cancels all requests of a client that is gone, without acks.
void joins_forget(struct joins *joins, struct client *client);
