// Handles the events that clients may send: join_room, leave_room, typing, stop_typing and
// refresh_token, for which one table has the handlers, and those of the gateway's file. Other
// events are counted and ignored.
#pragma once

#include "common/gateway_file/client_event_types.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_ack.h"
#include "edge/gateway/clients/client_uplink.h"
#include "edge/gateway/clients/token_refresh.h"
#include "edge/gateway/rooms/joins.h"
#include "edge/gateway/rooms/room_events.h"
#include "edge/socketio/options.h"

struct client_events {
    struct room_events *room_events;
    struct joins *joins;
    struct client_acks *acks;
    struct client_uplink *uplink;
    struct token_refresh token_refresh;
    const struct room_types *types;       // borrowed
    const struct client_event_types *own; // borrowed
    uint32_t generation;                  // of the file that has both
    struct client_metrics *metrics;
    struct buffer room;
};

void client_events_fini(struct client_events *events);

void client_events_handle(struct client_events *events, struct client *client,
                          const struct sio_event *event);

// Cancels the pending requests of a client that is gone.
void client_events_forget(struct client_events *events, struct client *client);
