// Requests to join rooms, from the asking until the verdict, and for a client that can be recovered
// until its session store has the room as well. Leaving waits for that too. A request lives no
// longer than its client.
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

// The client, which is not in the room, wants to be. It gets its ack when there is a verdict; the
// others hear of it if it is let in.
void joins_ask(struct joins *joins, struct client *client, struct ack ack, struct span room);

// The client does not want to any more: what it asked for this room is acked with an error.
void joins_cancel(struct joins *joins, struct client *client, struct span room);

// The client has left the room: it gets its ack when that cannot be forgotten any more.
void joins_leave(struct joins *joins, struct client *client, struct ack ack, struct span room);

// The client is gone: nobody hears of what it asked for.
void joins_forget(struct joins *joins, struct client *client);
