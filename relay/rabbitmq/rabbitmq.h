// One connection to RabbitMQ with one channel. declare.h, incoming.h and publish.h have more calls.
// In the relay only this folder uses rabbitmq-c.
//
// Deliveries are assembled from their frames here, because the library's own call blocks in the
// middle of a message without a limit. Each call returns within its wait or, if it needs an answer
// of RabbitMQ, within RABBIT_ANSWER_MS, which begins anew with each delivery that comes before the
// answer. Memory is bounded: of a body over `max_body` only the beginning is kept.
#pragma once

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct rabbit;

// Connects to the current host, logs in and opens the channel. Returns NULL, with the reason in
// `why`, if that fails. The options are used during the call only.
NODISCARD struct rabbit *rabbit_open(const struct rabbit_options *options,
                                     char why[RABBIT_REASON_MAX]);
// Closes the connection with AMQP's handshake, if it still works, and frees it. NULL is allowed.
void rabbit_close(struct rabbit *rabbit);
// Makes rabbit_close() skip the handshake, for a broker that is not expected to answer. NULL is
// allowed.
void rabbit_abandon(struct rabbit *rabbit);

// Why the last call failed, in RabbitMQ's words if it sent any, and RabbitMQ's code (403, 406, …)
// or 0.
const char *rabbit_reason(const struct rabbit *rabbit);
int rabbit_code(const struct rabbit *rabbit);

// For poll(). Before it waits, the caller takes with rabbit_next() what was read already.
int rabbit_socket(const struct rabbit *rabbit);

// True if the connection is lost because it has brought an event that cannot be read, which was
// refused for good.
bool rabbit_has_refused_unreadable(const struct rabbit *rabbit);

// Opens the channel again after RABBIT_REFUSED. Drops what came over the one before.
NODISCARD enum rabbit_status rabbit_open_channel(struct rabbit *rabbit);
// Closes the channel. RabbitMQ puts what is not acknowledged back into its queues.
NODISCARD enum rabbit_status rabbit_close_channel(struct rabbit *rabbit);

// At most `prefetch` unacknowledged deliveries of each queue that is consumed from now on.
NODISCARD enum rabbit_status rabbit_set_prefetch(struct rabbit *rabbit, uint16_t prefetch);
// Starts to consume, with `consumer` as the tag. Deliveries that come before the answer are held
// and come first from rabbit_next(); more than `max_backlog_bytes` of them are RABBIT_TOO_MUCH.
NODISCARD enum rabbit_status rabbit_consume(struct rabbit *rabbit, const char *queue,
                                            const char *consumer, bool exclusive,
                                            size_t max_backlog_bytes);

// These return false if the connection is lost. None waits for an answer.
NODISCARD bool rabbit_ack(struct rabbit *rabbit, uint64_t tag, bool multiple);
// Rejects one delivery, which does not go back to its queue.
NODISCARD bool rabbit_reject(struct rabbit *rabbit, uint64_t tag);
// Sends a heartbeat. Needed while nobody calls rabbit_next(), which sends them too.
NODISCARD bool rabbit_send_heartbeat(struct rabbit *rabbit);
