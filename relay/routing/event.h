// An event as RabbitMQ delivered it. All views are borrowed and valid until the next event is
// taken.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/gateway_file/routes.h"
#include "common/span.h"

struct event {
    const struct route *route; // of the queue that it came from
    uint64_t tag;              // AMQP delivery tag, for the acknowledgement
    bool redelivered;
    struct span exchange;
    struct span routing_key;
    struct span message_id;  // AMQP property; empty when there is none
    struct span traceparent; // AMQP header
    struct span properties;  // all of AMQP's, encoded as they came
    struct span body;        // only the beginning if it is over MAX_EVENT_BYTES
    uint64_t missing_bytes;  // of the body, behind `body`
    uint64_t received_ms;    // wall clock
};
