// The room authority whose services are asked over HTTP.
//
// A host's address is looked up off the loop, once for all who wait for it, and again after half a
// minute or a failure; the last one stays in use until there is another.
#pragma once

#include "edge/adapters/event_loop.h"
#include "edge/gateway/rooms/authorization_service.h"

struct http_authority;

struct http_authority_options {
    const char *urls[ROOM_SERVICES]; // as service_url_check() takes them
    const char *ca_file;             // see http_client.h; NULL: the system's
    unsigned max_connections;        // that are kept open
};

// Borrows options and loop.
NODISCARD struct http_authority *http_authority_new(const struct http_authority_options *options,
                                                    struct event_loop *loop);
// Nobody is answered any more; calls stay until they are cancelled. `on_closed` is called later.
void http_authority_close(struct http_authority *authority, void (*on_closed)(void *arg),
                          void *arg);
// After on_closed, and with every call answered or cancelled.
void http_authority_free(struct http_authority *authority);

struct room_authority *http_authority_interface(struct http_authority *authority);
