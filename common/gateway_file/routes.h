// Routes say where events go: for each routing key the rooms, the name of the client's event, and
// the members that are copied from the body.
//
// They are the events of the gateway's file. The file of EVENT_ROUTES_FILE adds routes, and
// replaces those with the same routing key.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// The routing key of events that name their rooms themselves. No route may have it.
#define ROUTE_DIRECT_KEY  "gateway.publish"
#define ROUTES_MAX        64
#define QUEUE_PREFIX_MAX  64
#define ROUTE_SOURCES_MAX 64 // distinct members of the body that one route reads
#define ROUTE_ROOMS_MAX   16 // templates of rooms of one route

// Alternative members of the body, the preferred one first, as indices into `sources` of the route.
struct route_sources {
    uint8_t index[8];
    size_t count;
};

// A template of rooms. Without members it is "*", the room of every client.
struct route_room {
    char *prefix, *suffix; // around the room id
    struct route_sources from;
    bool is_list; // the members are lists of room ids: there is a room for each element
};

// One member of the client's event.
struct route_field {
    char *key; // as it is written: "bookingId":
    struct route_sources from;
    char *fallback; // JSON if no source has a value; NULL: leave the member out
    char *constant; // JSON that is always written, or NULL
    bool is_time;   // without a value: the wrapper's timestamp, else the time of receipt
};

// What an event does to a user.
enum route_act {
    ROUTE_ACTS_NOT = 0,
    ROUTE_LEAVE,      // takes the user out of a room
    ROUTE_JOIN,       // lets the user into a room
    ROUTE_DISCONNECT, // disconnects the user
};

struct route_action {
    enum route_act act;
    struct route_room user; // the user's room, "user:<id>"
    struct route_room room; // of a leave or join
};

struct gateway_file;

struct route {
    char *routing_key;
    char *queue;         // the prefix of queues and the routing key
    char *event;         // NULL: the event only acts, and there are neither rooms nor fields
    unsigned event_line; // of its file
    bool is_added;       // the file is that of EVENT_ROUTES_FILE
    struct route_action action;
    struct route_room *rooms; // ROUTE_ROOMS_MAX of them
    size_t room_count;
    struct span sources[ROUTE_SOURCES_MAX]; // owned
    size_t source_count;
    struct route_field *fields;
    size_t field_count;
    // The body names rooms and event itself (relay/routing/direct_event.h), as this file allows;
    // there is nothing else but routing key and queue then. NULL: it does not.
    const struct gateway_file *direct;
};

// Sorted by routing key, so that all relays take their queues in one order and never wait for one
// another in a circle (decision 008).
struct routes {
    struct route *items;
    size_t count, cap;
    const char *queue_prefix; // borrowed
};

// An empty table of ROUTES_MAX routes at most. `queue_prefix` is borrowed.
NODISCARD struct routes *routes_new(const char *queue_prefix);
void routes_free(struct routes *routes);
// Frees what a route holds and zeroes it.
void route_fini(struct route *route);

// Adds a route, and takes over what it owns. There may be one more than ROUTES_MAX.
void routes_add(struct routes *routes, const struct route *route);
// Puts the routes into their order.
void routes_sort(struct routes *routes);

// NULL when no route has this routing key.
struct route *routes_find(const struct routes *routes, struct span routing_key);

// Returns the index in `sources` of a member, or -1. `raw_name` is as in the JSON text, with its
// escapes.
int route_source_index(const struct route *route, struct span raw_name);

// True if a later field has the name of this one. The later one counts for who reads the event.
bool route_field_is_replaced(const struct route *route, size_t field);
