// The events that clients may send to the other members of a room, or to services, beside those
// that are built in.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/gateway_file/file_reader.h"
#include "common/span.h"

#define CLIENT_EVENTS_MAX      32
#define CLIENT_EVENT_NAME_MAX  64
#define CLIENT_EVENT_BYTES_MAX 65536
#define CLIENT_EVENT_RATE_MAX  100

struct client_event_type {
    char *name;                   // as clients send it
    char *as;                     // as the other members get it; NULL: it does not go to a room
    uint32_t max_bytes;           // of its data
    uint32_t per_second;          // of one client
    unsigned line;                // of the file, for errors
    bool to_room;                 // to the other members of a room
    char *exchange, *routing_key; // that services get it by; NULL: they do not
};

struct client_event_types {
    struct client_event_type items[CLIENT_EVENTS_MAX];
    size_t count;
};

NODISCARD struct client_event_types *client_event_types_new(void);
void client_event_types_free(struct client_event_types *types);

// NULL when there is no such event.
const struct client_event_type *client_event_types_find(const struct client_event_types *types,
                                                        struct span name);

// Adds the events of the member "clientEvents" to `into`, which must be empty.
NODISCARD bool client_event_types_parse(struct file_reader *r, struct json_view events,
                                        struct client_event_types *into);
