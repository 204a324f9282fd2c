// Publishes to RabbitMQ with publisher confirms and the mandatory flag, so that every message's
// fate is known: taken by a queue, returned because no queue wanted it, or refused.
#pragma once

#include "compose/tools/letter_properties.h"
#include "compose/tools/rabbit_link.h"

struct publisher;

struct publisher_message {
    const char *exchange, *routing_key;
    const char *message_id;   // NULL: none
    const char *content_type; // NULL: JSON
    const struct message_header *headers;
    size_t header_count;
    const void *of_letter; // the properties of a letter, whose event this is: all of them go along,
                           // and message id and content type are those that it had; or NULL
    struct span body;
};

struct publisher_counts {
    uint64_t published, confirmed, returned, refused;
};

// Connects; borrows what the settings name. NULL with the reason on stderr.
NODISCARD struct publisher *publisher_new(const struct rabbitmq_settings *rabbitmq);
void publisher_free(struct publisher *publisher);

// Sends one message; waits first while too many are unconfirmed. Each function returns false
// with the reason on stderr when the connection or the channel is lost.
NODISCARD bool publisher_send(struct publisher *publisher, const struct publisher_message *message);

// Handles what the broker says for `ms` at most; returns early when nothing is unconfirmed.
NODISCARD bool publisher_wait(struct publisher *publisher, uint64_t ms);

// Waits until every message has its answer.
NODISCARD bool publisher_flush(struct publisher *publisher);

// After a failure: another channel, if it was only the channel that the broker closed (there is
// no such exchange, or no right to publish to it). What was unconfirmed stays uncounted.
NODISCARD bool publisher_reopen(struct publisher *publisher);

struct publisher_counts publisher_counts(const struct publisher *publisher);
