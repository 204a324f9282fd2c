// A tool's connection to RabbitMQ with one channel. Calls block, at most RABBIT_ANSWER_MS for each
// answer.
//
// Failures are reported on stderr, in RabbitMQ's words if it sent any. The connection is
// rabbitmq-c's own type, so that only the files that include the library depend on it.
#pragma once

#include <stdint.h>
#include <sys/time.h>

#include "common/attr.h"
#include "common/shared_settings.h"
#include "common/span.h"

#define RABBIT_CHANNEL   1
#define RABBIT_ANSWER_MS 15000

struct amqp_connection_state_t_;

// Connects to the first host that serves, and opens the channel. Returns NULL if none does.
NODISCARD struct amqp_connection_state_t_ *
rabbit_link_open(const struct rabbitmq_settings *rabbitmq);
// Closes the connection with AMQP's handshake and frees it. Returns true if RabbitMQ has answered:
// it has handled everything that was sent before.
bool rabbit_link_close(struct amqp_connection_state_t_ *link);

// Returns whether RabbitMQ has granted the last request. Reports why not; `doing` names the
// request.
NODISCARD bool rabbit_link_granted(struct amqp_connection_state_t_ *link, const char *doing);
// Reports a status of rabbitmq-c. Returns false.
bool rabbit_link_fail(const char *doing, int status);
// Reports the reason in a method (amqp_method_t) that closes the channel or the connection.
bool rabbit_link_fail_with(const char *doing, const void *method);
// Reads the next frame (amqp_frame_t), which must be of this type. The library's own call for a
// message's content has no time limit and refuses headers without a name.
NODISCARD bool rabbit_link_next_frame(struct amqp_connection_state_t_ *link, const char *doing,
                                      uint8_t type, void *frame);
// Opens the channel again after RabbitMQ has closed only the channel.
NODISCARD bool rabbit_link_reopen(struct amqp_connection_state_t_ *link);

struct timeval rabbit_timeval(uint64_t ms);
