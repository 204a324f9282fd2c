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
// Newer rabbitmq-c does not read headers that are nested deeper than 100 levels, nor what comes
// behind them. If that is what `status` says of the delivery that is coming in, rejects it without
// a dead letter, lest every connection ends with it again, and loses the connection. Waits up to 1
// s.
bool rabbit_refuse_unreadable(struct rabbit *rabbit, int status);
