// Keeps in RabbitMQ what the relay needs: the exchanges, a queue for each route, and the bindings.
//
// It has a connection of its own: a refusal closes its channel and not that of the consumers, and a
// reply does not wait behind deliveries. What exists is used as it is. What RabbitMQ refuses is
// logged once, and the rest goes on. Everything is checked again every 30 s, since anyone may
// delete it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/gateway_file/routes.h"
#include "common/outage_log.h"
#include "relay/rabbitmq/rabbitmq.h"

struct topology_options {
    struct rabbit_options rabbit;
    const char *exchanges; // names, separated by commas
    const struct routes *routes;
    enum rabbit_queue_type queue_type; // of queues that are created
    // Called between the steps, for work that must not wait: each step may wait for RabbitMQ.
    void (*between)(void *arg);
    void *arg;
};

struct topology;
NODISCARD struct topology *topology_new(const struct topology_options *options);
void topology_free(struct topology *topology);

// Connects, unless connected, and checks everything once. Returns false if there is no connection.
NODISCARD bool topology_ensure(struct topology *topology);
// True if connected and everything was checked once.
bool topology_connected(const struct topology *topology);
// Call it often: checks one route after the other, all within 30 s, and connects again after a
// loss.
void topology_tend(struct topology *topology);
// Sends a heartbeat.
void topology_keep_alive(struct topology *topology);
// Closes the connection without AMQP's handshake.
void topology_drop(struct topology *topology);

// `route` is an index. False if the queue neither exists nor could be created.
bool topology_has_queue(const struct topology *topology, size_t route);
size_t topology_refused_bindings(const struct topology *topology);
NODISCARD bool topology_inspect_queue(struct topology *topology, size_t route,
                                      struct rabbit_queue_state *out);
// True if RabbitMQ lets this relay consume from the queue now. What is delivered meanwhile goes
// back to the queue at once.
NODISCARD bool topology_may_consume(struct topology *topology, size_t route, bool exclusive);
