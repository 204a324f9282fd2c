// The room authority whose services are asked over HTTP.
//
// A host's address is looked up off the loop, once for all who wait for it, and again after half a
// minute or a failure; the last one stays in use until there is another.
#pragma once

#include "edge/adapters/event_loop.h"
#include "edge/gateway/rooms/authorization_service.h"

struct authorization_client;

struct authorization_client_options {
    const char *urls[ROOM_SERVICES]; // as service_url_check() takes them
    const char *ca_file;             // see http_client.h; NULL: the system's
    unsigned max_connections;        // that are kept open
};

// Borrows options and loop.
NODISCARD struct authorization_client *
authorization_client_new(const struct authorization_client_options *options,
                         struct event_loop *loop);
// Nobody is answered any more; calls stay until they are cancelled. `on_closed` is called later.
void authorization_client_close(struct authorization_client *client, void (*on_closed)(void *arg),
                                void *arg);
// After on_closed, and with every call answered or cancelled.
void authorization_client_free(struct authorization_client *client);

struct authorization_service *authorization_client_interface(struct authorization_client *client);
