// Exchanges, queues and bindings: what exists is used as it is; what is missing is created.
#pragma once

#include "relay/rabbitmq/rabbitmq.h"

// What exists is used as it is, whatever its arguments; what is missing is created durable: a
// topic exchange, a queue of `type`. A quorum queue that is `consumed` gets a single active
// consumer, since its exclusive ones are not.
NODISCARD enum rabbit_status rabbit_ensure_exchange(struct rabbit *rabbit, struct span name);
NODISCARD enum rabbit_status rabbit_ensure_queue(struct rabbit *rabbit, const char *name,
                                                 enum rabbit_queue_type type, bool consumed);
NODISCARD enum rabbit_status rabbit_bind(struct rabbit *rabbit, const char *queue,
                                         struct span exchange, const char *routing_key);
// Looks at a queue that is there.
NODISCARD enum rabbit_status rabbit_inspect_queue(struct rabbit *rabbit, const char *queue,
                                                  struct rabbit_queue_state *out);
