// The inside of the consumer, which join.c brings to hold its queues.
#pragma once

#include "common/outage_log.h"
#include "relay/rabbitmq/consumer.h"
#include "relay/rabbitmq/topology.h"

#define RETRY_REFUSED_MS 30000

// How the queue of a route is consumed.
struct intake {
    bool consumed;
    bool shared;  // it cannot be exclusive: its kind does not allow it
    bool refused; // left out until the broker permits it
    struct outage_log fault;
};

struct consumer {
    struct consumer_options options;
    struct topology *topology;
    struct rabbit *rabbit;  // consumes; NULL: not connected
    struct intake *intakes; // by route
    bool active;
    uint16_t prefetch; // asked of RabbitMQ at present; less than the option where events are large
    bool standby_logged;
    uint64_t away_until_ms;    // left to others
    uint64_t retry_refused_ms; // not before
    uint64_t alive_ms;         // when something was last sent to the broker
    struct outage_log outage;
};

const char *consumer_queue(const struct consumer *consumer, size_t route);
// Stops consuming; what is not acknowledged goes back to the queues.
void consumer_release(struct consumer *consumer);
void consumer_disconnect(struct consumer *consumer);
// The same, and logs why the connection is lost.
void consumer_lose(struct consumer *consumer);

NODISCARD enum rabbit_status consumer_consume(struct consumer *consumer, size_t route);
