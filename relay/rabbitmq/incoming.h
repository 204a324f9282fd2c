// Reads what RabbitMQ sends: deliveries, assembled from their frames, confirms, and closes.
#pragma once

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct rabbit;

// Waits at least `wait_ms` for the next thing that RabbitMQ sends, and a little longer. `out` is
// valid until the next call.
// A long body may take several calls, which return RABBIT_NOTHING until it is complete.
NODISCARD enum rabbit_news rabbit_next(struct rabbit *rabbit, uint32_t wait_ms,
                                       struct rabbit_message *out);
// True if something waits to be handled that was read from the socket already, or with TLS can be.
bool rabbit_has_more(struct rabbit *rabbit);
