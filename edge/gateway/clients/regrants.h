// Asks again whether recovered clients may be in their rooms, where services say so and the last
// answer is old.
//
// After the recovery, not before: a service that is slow or away keeps nobody out, and 100,000
// clients of a dead edge do not wait for 300,000 answers. Only a few are asked at one time, so that
// joins go ahead of them.
#pragma once

#include "edge/gateway/clients/client_session.h"
#include "edge/gateway/rooms/authorization.h"
#include "edge/gateway/rooms/room_events.h"

struct regrants {
    struct authorization *authorization;
    struct room_events *room_events;
    struct client_metrics *metrics;
    uint32_t grant_s; // for how long a grant is good
    size_t asking;
    bool turning;                // through the queue
    struct list queue;           // of struct regrant
    struct deadline_queue later; // until a service that was away is asked again
};

void regrants_init(struct regrants *regrants, struct deadlines *clock);
void regrants_fini(struct regrants *regrants);

// For a room that the client was just recovered into.
void regrants_check(struct regrants *regrants, struct client *client, struct span room);
// The client is gone.
void regrants_forget(struct client *client);
