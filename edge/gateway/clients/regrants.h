// Asks the authorization services again whether recovered clients may be in their rooms, for grants
// that are older than grant_s or than the rule of the room's type, and for rooms that an earlier
// token may have named.
//
// It asks after the recovery, not before: a service that is slow or down keeps no client out, and
// 100,000 clients of a dead edge do not wait for 300,000 answers. Only a few requests are open at
// one time, so that joins are not delayed.
#pragma once

#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/rooms/room_events.h"

struct regrants {
    struct authorization *authorization;
    struct room_events *room_events;
    struct client_metrics *metrics;
    uint32_t grant_s;            // seconds for which a grant is valid
    size_t asking;               // open requests
    bool turning;                // ask_next() is running
    struct list queue;           // of struct regrant
    struct deadline_queue later; // until an unavailable service is asked again
};

void regrants_init(struct regrants *regrants, struct deadlines *clock);
void regrants_fini(struct regrants *regrants);

// Call for each room that the client was just recovered into. Queues a request if one is due.
void regrants_check(struct regrants *regrants, struct client *client, struct span room);
// Cancels the requests of a client that is gone.
void regrants_forget(struct client *client);
