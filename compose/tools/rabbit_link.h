// A tool's connection to RabbitMQ: one channel, blocking, every answer within RABBIT_ANSWER_MS.
//
// What goes wrong is said on stderr, in the broker's words if it had any. The type of the
// connection is rabbitmq-c's own; only the files that talk over it look inside.
#pragma once

#include <stdint.h>
#include <sys/time.h>

#include "common/attr.h"
#include "common/shared_settings.h"
#include "common/span.h"

#define RABBIT_CHANNEL   1
#define RABBIT_ANSWER_MS 15000

struct amqp_connection_state_t_;

// Connects and opens the channel; NULL when that cannot be had.
NODISCARD struct amqp_connection_state_t_ *
rabbit_link_open(const struct rabbitmq_settings *rabbitmq);
// Closes the connection as AMQP wants it, and frees. True when the broker has answered: then it has
// handled all that was sent before.
bool rabbit_link_close(struct amqp_connection_state_t_ *link);

// Whether the last request was granted; if not, says why. `doing` is what was asked for.
NODISCARD bool rabbit_link_granted(struct amqp_connection_state_t_ *link, const char *doing);
// Says why: `status` is one of rabbitmq-c's. Returns false.
bool rabbit_link_fail(const char *doing, int status);
// The same with the reason of a method (amqp_method_t) that closes the channel or the connection.
bool rabbit_link_fail_with(const char *doing, const void *method);
// Reads the next frame (amqp_frame_t), which must be of this type. The library's own call for the
// content of a message has no limit of time, and refuses headers without a name.
NODISCARD bool rabbit_link_next_frame(struct amqp_connection_state_t_ *link, const char *doing,
                                      uint8_t type, void *frame);
// Opens the channel again after the broker has closed it, and it alone.
NODISCARD bool rabbit_link_reopen(struct amqp_connection_state_t_ *link);

struct timeval rabbit_timeval(uint64_t ms);
