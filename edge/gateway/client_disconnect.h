// What happens when a client's socket ends: its requests are cancelled, its rooms are told, and its
// session is kept if it may come back.
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

// `reason` is Socket.IO's text for the end. The client may be freed afterwards.
void client_disconnect_handle(struct client_disconnect *disconnect, struct client *client,
                              const char *reason);

// For sio_handlers.free_data: frees a client after its end, or one that was never let in.
void client_disconnect_free(void *client);
