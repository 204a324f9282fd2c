// Waiting for one method while deliveries may come before it. Private to this folder.
#pragma once

#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/link.h"

// Waits for the method `id` and holds back the deliveries that come before it: the library's own
// calls keep their frames, however many and however large. Without `hold` they are dropped.
NODISCARD enum rabbit_status rabbit_await(struct rabbit *rabbit, amqp_method_number_t id, bool hold,
                                          size_t max_held_bytes);
// Forgets what came in, whole or not.
void rabbit_drop_incoming(struct rabbit *rabbit);
