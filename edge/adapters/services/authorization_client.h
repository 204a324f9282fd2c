// A struct authorization_service that asks the services over HTTP.
//
// Types with the same URL are of one service. The address of a service's host is looked up off the
// loop, once for all calls that wait for it, and again after half a minute or a failure. The old
// address is used until there is a new one.
#pragma once

#include "common/gateway_file/room_types.h"
#include "edge/adapters/event_loop.h"
#include "edge/gateway/rooms/authorization_service.h"

struct authorization_client;

struct authorization_client_options {
    const struct room_types *types; // those with ROOM_JOIN_SERVICE have a URL
    struct tls_store *tls;          // see http_client.h; NULL: the system's certificates
    unsigned concurrency;           // connections kept open for each of these types
};

// Copies what it needs of the types. Borrows the loop and the certificates.
NODISCARD struct authorization_client *
authorization_client_new(const struct authorization_client_options *options,
                         struct event_loop *loop);
// No call is answered any more; the caller must still cancel each one. `on_closed` is called once,
// before this returns if no type has ever asked.
void authorization_client_close(struct authorization_client *client, void (*on_closed)(void *arg),
                                void *arg);
// Call after `on_closed`, when every call was answered or cancelled. NULL is ignored.
void authorization_client_free(struct authorization_client *client);

struct authorization_service *authorization_client_interface(struct authorization_client *client);
