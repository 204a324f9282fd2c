// A struct jwks_service that fetches the key set over HTTP or HTTPS.
//
// The address of the host is looked up off the loop, for each fetch anew: fetches are rare. After
// a failure the next one takes the next address, if the host has several.
#pragma once

#include "common/attr.h"
#include "edge/adapters/event_loop.h"
#include "edge/gateway/clients/jwks_service.h"

struct jwks_client;

struct jwks_client_options {
    const char *url;       // as http_url_check() takes it
    struct tls_store *tls; // see http_client.h; NULL: the system's certificates
};

// Borrows the texts of the options, and the loop.
NODISCARD struct jwks_client *jwks_client_new(const struct jwks_client_options *options,
                                              struct event_loop *loop);
// Cancels what is under way; fetches that are asked for from now on are never answered.
// `on_closed` is called later, once.
void jwks_client_close(struct jwks_client *client, void (*on_closed)(void *arg), void *arg);
void jwks_client_free(struct jwks_client *client); // after on_closed. NULL is ignored

struct jwks_service *jwks_client_interface(struct jwks_client *client);
