// One connection to RabbitMQ with one channel. The only module that knows rabbitmq-c.
//
// It puts deliveries together from their frames itself, because the library's own call for that
// blocks in the middle of a message without a limit. Every call here returns within its wait or,
// where it must have the broker's answer, within RABBIT_ANSWER_MS. What it holds is bounded: of a
// body over `max_body` only the beginning is kept, whatever its length.
#pragma once

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct rabbit;

// NULL with the reason in `why` when there is no connection to be had.
NODISCARD struct rabbit *rabbit_open(const struct rabbit_options *options,
                                     char why[RABBIT_REASON_MAX]);
// Closes the connection as AMQP wants it, if it still works, and frees.
void rabbit_close(struct rabbit *rabbit);
// Makes rabbit_close() drop the connection: the broker is not expected to answer. NULL is allowed.
void rabbit_abandon(struct rabbit *rabbit);

// Why the last call failed, in the broker's words if it had any, and its code (403, 406, …) or 0.
const char *rabbit_reason(const struct rabbit *rabbit);
int rabbit_code(const struct rabbit *rabbit);

NODISCARD enum rabbit_status rabbit_open_channel(struct rabbit *rabbit);
// What was delivered over it goes back to its queues.
NODISCARD enum rabbit_status rabbit_close_channel(struct rabbit *rabbit);

// Consumes with at most `prefetch` unacknowledged deliveries of each queue.
NODISCARD enum rabbit_status rabbit_set_prefetch(struct rabbit *rabbit, uint16_t prefetch);
// Deliveries that come before the answer are held, up to `max_held_bytes`, and taken first.
NODISCARD enum rabbit_status rabbit_consume(struct rabbit *rabbit, const char *queue,
                                            const char *consumer, bool exclusive,
                                            size_t max_held_bytes);

NODISCARD bool rabbit_ack(struct rabbit *rabbit, uint64_t tag, bool multiple);
// Refuses one delivery for good.
NODISCARD bool rabbit_reject(struct rabbit *rabbit, uint64_t tag);
// Tells the broker that we live, while nobody calls rabbit_next().
NODISCARD bool rabbit_send_heartbeat(struct rabbit *rabbit);
