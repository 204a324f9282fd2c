// Sends events of one member, such as user_joined and user_typing, to the other members of a room:
// to those at this edge at once, to those at other edges over the bus.
#pragma once

#include "common/gateway_file/room_types.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery.h"

struct room_events {
    struct delivery *delivery;
    struct bus *bus;
    const struct room_types *types; // borrowed
    unsigned shards;
    struct buffer body, encoded;
};

void room_events_fini(struct room_events *room_events);

// The member that an event is about, as the event's body names it.
struct room_events_member {
    struct span socket_id, user_json;
};

// True if the members of the room get user_joined and user_left: not in a user's room, and not if
// its type is silent, or is gone from the gateway's file.
bool room_events_announces(const struct room_events *room_events, struct span room);
// Sends user_joined or user_left, if the room announces them.
void room_events_announce(struct room_events *room_events, const struct client *client,
                          struct span room, const char *event);

// For a member whose client may be gone already.
void room_events_emit_for(struct room_events *room_events, const struct room_events_member *member,
                          struct span room, const char *event);
void room_events_emit(struct room_events *room_events, const struct client *client,
                      struct span room, const char *event);
// Sends room_count to all members of the room, at all edges.
void room_events_emit_count(struct room_events *room_events, struct span room, uint64_t count);
// An event with data, which is JSON; without data if it is empty.
void room_events_emit_data(struct room_events *room_events, const struct client *client,
                           struct span room, const char *event, struct span data);
