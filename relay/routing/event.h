// One event as RabbitMQ delivered it: a plain struct of borrowed views, valid until the next one is
// taken.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"
#include "relay/routing/routes.h"

struct event {
    const struct route *route; // of the queue that it came from
    uint64_t tag;              // what is acknowledged
    bool redelivered;
    struct span exchange;
    struct span routing_key;
    struct span message_id;  // AMQP property; empty when there is none
    struct span traceparent; // AMQP header
    struct span properties;  // all of AMQP's, as they are on the wire
    struct span body;        // of one over MAX_EVENT_BYTES only its beginning
    uint64_t missing_bytes;  // what it had beyond that
    uint64_t received_ms;    // wall clock
};
