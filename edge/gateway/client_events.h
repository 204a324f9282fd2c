// What clients may send: join_room, leave_room, typing, stop_typing, refresh_token. Each event
// has its handler in one table; everything else is counted and ignored.
#pragma once

#include "edge/gateway/authentication.h"
#include "edge/gateway/client.h"
#include "edge/gateway/presence.h"
#include "edge/gateway/room_access.h"

#define PENDING_JOINS_MAX 64 // of one client, while their verdicts are awaited

struct client_events {
    struct presence *presence;
    struct room_access *access;
    struct token_verifier *verifier;
    struct token_watch *watch;
    struct gateway_metrics *metrics;
    struct buffer room, message, reply;
};

void client_events_fini(struct client_events *events);

void client_events_handle(struct client_events *events, struct client *client,
                          const struct sio_event *event);

// The client is gone: its rooms hear of it, and verdicts that come later are for nobody.
void client_events_forget(struct client_events *events, struct client *client);
