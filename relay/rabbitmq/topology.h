// What must be in RabbitMQ: an exchange for the services, a queue for each route, and bindings.
//
// It has a connection of its own, so that a refusal closes no consumer's channel and a reply does
// not wait behind deliveries. What exists is used as it is. What the broker refuses is logged once,
// and the rest goes on; everything is checked again every 30 s, since it may be deleted at any
// time.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/outage_log.h"
#include "relay/rabbitmq/rabbitmq.h"
#include "relay/routing/routes.h"

struct topology_options {
    struct rabbit_options rabbit;
    const char *exchanges; // with commas between them
    const struct routes *routes;
    enum rabbit_queue_type queue_type; // of what is to be created
    struct outage_log *outage;         // of the connection; shared with the consumer
    // Called between steps, each of which may wait for the broker.
    void (*between)(void *arg);
    void *arg;
};

struct topology;
NODISCARD struct topology *topology_new(const struct topology_options *options);
void topology_free(struct topology *topology);

// Connects, unless it is, and makes sure of everything once. False when there is no connection.
NODISCARD bool topology_ensure(struct topology *topology);
bool topology_connected(const struct topology *topology);
// To be called often: makes sure of one route after the other, and connects again.
void topology_tend(struct topology *topology);
void topology_keep_alive(struct topology *topology);
void topology_drop(struct topology *topology);

// By index of the route. A queue that neither exists nor could be created is not there.
bool topology_has_queue(const struct topology *topology, size_t route);
size_t topology_refused_bindings(const struct topology *topology);
NODISCARD bool topology_inspect_queue(struct topology *topology, size_t route,
                                      struct rabbit_queue_state *out);
// Whether the broker lets us consume from the queue now; gives back at once what it delivers.
NODISCARD bool topology_may_consume(struct topology *topology, size_t route, bool exclusive);
