// Waiting for one method while deliveries may come before it. Private to this folder.
#pragma once

#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/link.h"

// Waits for the method `id`. Deliveries that come before it go `to_backlog` for rabbit_next(), or
// are dropped; the library's own calls keep their frames, without a limit. Returns RABBIT_TOO_MUCH
// if over `max_backlog_bytes` are in it. After 10 s without the method it returns RABBIT_TOO_MUCH
// if large deliveries came first, else RABBIT_LOST.
NODISCARD enum rabbit_status rabbit_await(struct rabbit *rabbit, amqp_method_number_t id,
                                          bool to_backlog, size_t max_backlog_bytes);
// Drops all messages that came in, complete or not.
void rabbit_drop_incoming(struct rabbit *rabbit);
