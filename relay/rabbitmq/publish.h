// Publishes: dead letters, which are events as they came, with headers that say why they were not
// delivered; and events.
#pragma once

#include "relay/rabbitmq/rabbitmq.h"

// Asks RabbitMQ to confirm what is published from now on.
NODISCARD enum rabbit_status rabbit_enable_confirms(struct rabbit *rabbit);
// Publishes the letter straight to a queue, persistent and mandatory. Does not wait for the
// confirm. `stripped`: without the headers of its event, which leave no room in the frame or cannot
// be decoded; LETTER_HEADERS_DROPPED says so.
NODISCARD bool rabbit_publish_letter(struct rabbit *rabbit, const char *queue,
                                     const struct rabbit_letter *letter, bool *stripped);

// Publishes an event as a service does: persistent, mandatory, JSON. Does not wait for the confirm.
NODISCARD bool rabbit_publish_event(struct rabbit *rabbit, const char *exchange,
                                    const struct rabbit_event *event);
