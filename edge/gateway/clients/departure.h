// Sends `user_left` to the rooms of clients that are gone.
//
// A client with a session may have come back already, at another edge; only the session store
// knows. So the end of its connection is written first, and `user_left` is sent unless the store
// answers that the session belongs to a later generation.
#pragma once

#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/rooms/room_events.h"

struct departures {
    struct room_events *room_events;
    struct sessions *sessions; // NULL: recovery is off
    struct list waiting;       // of struct departure
};

void departures_init(struct departures *departures);
void departures_fini(struct departures *departures);

// Sends `user_left` to the client's rooms: now, or once the store has answered. With `for_good` the
// session is dropped; with `at_once` the store's answer is not waited for, since the edge shuts
// down. The client may be freed afterwards.
void departures_add(struct departures *departures, struct client *client, bool for_good,
                    bool at_once);
