// Publishes to RabbitMQ with publisher confirms and the mandatory flag. So it is known what became
// of each message: taken by a queue, returned because no queue wanted it, or refused.
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
    // The properties of the letter whose event this is, or NULL. All of them are published, and
    // message id and content type are the letter's.
    const void *of_letter;
    struct span body;
};

struct publisher_counts {
    uint64_t published, confirmed, returned, refused;
};

// Connects. Returns NULL, with the reason on stderr, on failure. Borrows the strings of the
// settings.
NODISCARD struct publisher *publisher_new(const struct rabbitmq_settings *rabbitmq);
void publisher_free(struct publisher *publisher);

// Sends a message. Waits first while too many are unconfirmed. This and the next functions return
// false, with the reason on stderr, if the connection or the channel is lost.
NODISCARD bool publisher_send(struct publisher *publisher, const struct publisher_message *message);

// Handles what RabbitMQ sends for at most `ms`. Returns at once if nothing is unconfirmed.
NODISCARD bool publisher_wait(struct publisher *publisher, uint64_t ms);

// Waits until every message is confirmed or refused.
NODISCARD bool publisher_flush(struct publisher *publisher);

// After a failure: opens another channel if RabbitMQ has closed the channel only, since the
// exchange does not exist or the user may not publish to it. Unconfirmed messages are not counted.
NODISCARD bool publisher_reopen(struct publisher *publisher);

struct publisher_counts publisher_counts(const struct publisher *publisher);
