// Tells the other members of a room what one of them does: user_joined, user_left, user_typing,
// user_stop_typing. Members at this edge hear it at once, those at others over the bus.
#pragma once

#include "edge/gateway/clients/client.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery.h"

struct room_events {
    struct delivery *delivery;
    struct bus *bus;
    unsigned shards;
    struct buffer body, encoded;
};

void room_events_fini(struct room_events *room_events);

// Who does something, as others are told.
struct room_events_member {
    struct span socket_id, user_json;
};

// `member` may be gone already.
void room_events_emit_for(struct room_events *room_events, const struct room_events_member *member,
                          struct span room, const char *event);
void room_events_emit(struct room_events *room_events, const struct client *client,
                      struct span room, const char *event);
