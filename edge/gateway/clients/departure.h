// Clients that are gone, and whose rooms are to hear of it.
//
// One that can come back may have done so already, at another edge: the session store knows. So the
// end of its session is written first, and `user_left` goes out when the session was still this
// edge's own.
#pragma once

#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/rooms/room_events.h"

struct departures {
    struct room_events *room_events;
    struct sessions *sessions; // NULL: nobody can come back
    struct list waiting;       // of struct departure
};

void departures_init(struct departures *departures);
void departures_fini(struct departures *departures);

// Tells the rooms that the client is in, now or once it is known that it has not moved on. With
// `for_good` its session is over as well. The client may be freed afterwards.
void departures_add(struct departures *departures, struct client *client, bool for_good,
                    bool at_once);
