// Publishes to RabbitMQ with publisher confirms and the mandatory flag, so that every message's
// fate is known: taken by a queue, returned because no queue wanted it, or refused.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct publisher;

struct publisher_target {
    const char *host;
    int port;
    const char *user, *password, *vhost;
};

struct publisher_message {
    const char *exchange, *routing_key;
    const char *message_id; // NULL: none
    struct span body;
};

struct publisher_counts {
    uint64_t published, confirmed, returned, refused;
};

// Connects; NULL with the reason on stderr.
NODISCARD struct publisher *publisher_new(const struct publisher_target *target);
void publisher_free(struct publisher *publisher);

// Sends one message; waits first while too many are unconfirmed. Each function returns false
// with the reason on stderr when the connection or the channel is lost.
NODISCARD bool publisher_send(struct publisher *publisher, const struct publisher_message *message);

// Handles what the broker says for `ms` at most; returns early when nothing is unconfirmed.
NODISCARD bool publisher_wait(struct publisher *publisher, uint64_t ms);

// Waits until every message has its answer.
NODISCARD bool publisher_flush(struct publisher *publisher);

struct publisher_counts publisher_counts(const struct publisher *publisher);
