// Waiting for one method while deliveries may come before it. Private to this folder.
#pragma once

#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/link.h"

// Waits for the method `id`. Deliveries that come before it are held for rabbit_next(), or dropped
// without `hold`; the library's own calls keep their frames, without a limit. Returns
// RABBIT_TOO_MUCH if over `max_held_bytes` are held. After 10 s without the method it returns
// RABBIT_TOO_MUCH if large deliveries came first, else RABBIT_LOST.
NODISCARD enum rabbit_status rabbit_await(struct rabbit *rabbit, amqp_method_number_t id, bool hold,
                                          size_t max_held_bytes);
// Drops all messages that came in, complete or not.
void rabbit_drop_incoming(struct rabbit *rabbit);
