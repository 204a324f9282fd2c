// The types of rooms. A room's name is "<type>:<id>"; the type says who may be in it.
//
// "user" is no type of the file: each client with a user id is in "user:<id>" and nobody can ask
// for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/span.h"

#define ROOM_TYPES_MAX     64
#define ROOM_TYPE_NAME_MAX 64
#define ROOM_CLAIM_MAX     64

enum room_join {
    ROOM_JOIN_AS_SET = 0, // as ROOM_AUTHORIZATION says
    ROOM_JOIN_OPEN,       // any client that asks
    ROOM_JOIN_CLAIMS,     // those whose token lists the room in its claim "rooms"
    ROOM_JOIN_SERVICE,    // those whom a service lets in
    ROOM_JOIN_NONE,       // nobody who asks
};

// Where the address of a type's service comes from.
enum room_service {
    ROOM_SERVICE_OWN = 0,       // the file
    ROOM_SERVICE_MESSAGES,      // the settings MESSAGE_SERVICE_…
    ROOM_SERVICE_NOTIFICATIONS, // the settings NOTIFICATION_SERVICE_…
    ROOM_SERVICES,              // how many there are
};

struct room_type {
    char *name;
    enum room_join join;
    char *url, *path; // of the service; NULL: not given
    enum room_service service;
    char *claim;   // of the token: its values are ids of rooms that the client enters by itself
    bool silent;   // user_joined and user_left are not sent
    bool counted;  // how many clients are in a room is known over all edges
    bool told;     // and its members get room_count when that changes
    unsigned line; // of the file, for errors
    // See succession.h. Since when the claim is this one, as a generation of the file; and since
    // when join, URL and path are these, in ms since 1970. 0: since the start.
    uint32_t claim_since;
    uint64_t rule_since_ms;
};

struct room_types {
    struct room_type items[ROOM_TYPES_MAX];
    size_t count;
};

NODISCARD struct room_types *room_types_new(void);
void room_types_free(struct room_types *types);

// NULL when there is no such type.
const struct room_type *room_types_find(const struct room_types *types, struct span name);
// How many types let clients in by this way.
size_t room_types_count(const struct room_types *types, enum room_join join);
// The type of a room, by its name up to the colon; NULL for a user's room too.
const struct room_type *room_types_of(const struct room_types *types, struct span room);
