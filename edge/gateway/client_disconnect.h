// Handles the end of a client's socket: cancels its requests, sends `user_left` to its rooms, and
// keeps its session if the client may come back.
#pragma once

#include "edge/engineio/peer_log.h"
#include "edge/gateway/client_events.h"
#include "edge/gateway/clients/departure.h"

struct client_disconnect {
    struct client_events *events;
    struct departures *departures;
    struct peer_log slow_consumers;
};

void client_disconnect_init(struct client_disconnect *disconnect, struct client_metrics *metrics);

// `reason` is Socket.IO's text for why the socket ended. The client may be freed afterwards.
void client_disconnect_handle(struct client_disconnect *disconnect, struct client *client,
                              const char *reason);

// For sio_handlers.free_data: frees a client, whether it was let in or not.
void client_disconnect_free(void *client);
