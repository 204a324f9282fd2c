// The struct consumer. Private to consumer.c and join.c, which brings it to hold its queues.
#pragma once

#include "common/outage_log.h"
#include "relay/rabbitmq/consumer.h"
#include "relay/rabbitmq/topology.h"

#define RETRY_REFUSED_MS 30000

// How the queue of a route is consumed.
struct intake {
    bool consumed;
    bool shared;  // consumed without exclusivity, which this type of queue does not have
    bool refused; // RabbitMQ has refused it: left out until a retry succeeds
    struct outage_log fault;
};

struct consumer {
    struct consumer_options options;
    struct topology *topology;
    struct rabbit *rabbit;  // the connection that consumes; NULL: not connected
    struct intake *intakes; // by route
    bool active;
    uint16_t prefetch; // in use at present; below the option if events are large
    bool standby_logged;
    uint64_t away_until_ms;    // until then the queues are left to other relays
    uint64_t retry_refused_ms; // when routes that are left out are tried again
    uint64_t alive_ms;         // when something was last sent to RabbitMQ
};

// The name of the queue of a route.
const char *consumer_queue(const struct consumer *consumer, size_t route);
// Closes the connection that consumes. RabbitMQ puts what is not acknowledged back into the queues.
void consumer_release(struct consumer *consumer);
// Releases the queues and closes the connection of the declarations as well.
void consumer_disconnect(struct consumer *consumer);
// The same, and logs the reason of the loss.
void consumer_lose(struct consumer *consumer);

// Starts to consume the queue of a route.
NODISCARD enum rabbit_status consumer_consume(struct consumer *consumer, size_t route);
