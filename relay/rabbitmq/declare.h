// Declares exchanges, queues and bindings. Each call waits for the answer of RabbitMQ.
#pragma once

#include "relay/rabbitmq/rabbitmq.h"

// An exchange or queue that exists is used as it is, whatever its arguments. A missing one is
// created: a durable topic exchange, or a durable queue of `type`. A new quorum queue that is to be
// `consumed` gets a single active consumer, since it cannot have an exclusive one.
NODISCARD enum rabbit_status rabbit_ensure_exchange(struct rabbit *rabbit, struct span name);
NODISCARD enum rabbit_status rabbit_ensure_queue(struct rabbit *rabbit, const char *name,
                                                 enum rabbit_queue_type type, bool consumed);
NODISCARD enum rabbit_status rabbit_bind(struct rabbit *rabbit, const char *queue,
                                         struct span exchange, const char *routing_key);
// Asks for the counts of a queue. RABBIT_REFUSED with code 404 if it does not exist.
NODISCARD enum rabbit_status rabbit_inspect_queue(struct rabbit *rabbit, const char *queue,
                                                  struct rabbit_queue_state *out);
