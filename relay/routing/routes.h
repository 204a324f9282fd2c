// Where events go: for each routing key the room, the event that clients get, and the members of
// its body.
//
// The three events of HomeTrip are built in (routes.json, the same file that is installed as an
// example). A file of the operator adds routes, and replaces one that has the same routing key.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

#define ROUTES_MAX        64
#define QUEUE_PREFIX_MAX  64
#define DEAD_LETTER_KEY   "dead-letter" // behind the prefix, the queue of dead letters
#define ROUTE_SOURCES_MAX 64            // distinct members of the body that one route reads

// Members of the body, best first, as indices into `sources` of the route.
struct route_sources {
    uint8_t index[8];
    size_t count;
};

// One member of what the client gets.
struct route_field {
    char *key; // ready to be written: "bookingId":
    struct route_sources from;
    char *fallback; // JSON when nothing is there; NULL: the member stays absent
    char *constant; // JSON that always stands here, or NULL
    bool is_time;   // nothing there: the wrapper's, else the present time
};

struct route {
    char *routing_key;
    char *queue; // the prefix of queues and the routing key
    char *event;
    char *room_prefix, *room_suffix; // around the room id
    struct route_sources room_from;
    struct span sources[ROUTE_SOURCES_MAX]; // owned
    size_t source_count;
    struct route_field *fields;
    size_t field_count;
};

// Sorted by routing key: all relays take their queues in the same order, whatever order the
// files have.
struct routes {
    struct route *items;
    size_t count, cap;
    const char *queue_prefix; // borrowed
};

// An empty table with room for ROUTES_MAX routes. `queue_prefix` is borrowed.
NODISCARD struct routes *routes_new(const char *queue_prefix);
void routes_free(struct routes *routes);
// Frees what a route holds and zeroes it.
void route_fini(struct route *route);

// NULL when no route has this routing key.
struct route *routes_find(const struct routes *routes, struct span routing_key);

// The index of a member name (its escapes not resolved) among what the route reads, or -1.
int route_source_index(const struct route *route, struct span raw_name);
