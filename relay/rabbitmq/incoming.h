// Reads what RabbitMQ sends: deliveries, assembled from their frames, confirms, and closes.
#pragma once

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct rabbit;

// Waits about `wait_ms` for the next thing that RabbitMQ sends. `out` is valid until the next call.
// A long body may take several calls, which return RABBIT_NOTHING until it is complete.
NODISCARD enum rabbit_news rabbit_next(struct rabbit *rabbit, uint32_t wait_ms,
                                       struct rabbit_message *out);
// True if something was read from the socket already and waits to be handled.
bool rabbit_has_more(struct rabbit *rabbit);
