// Publishing dead letters: a message as it came, with headers that say why it could not go on.
#pragma once

#include "relay/rabbitmq/rabbitmq.h"

NODISCARD enum rabbit_status rabbit_enable_confirms(struct rabbit *rabbit);
// Publishes it persistent, straight to a queue.
NODISCARD bool rabbit_publish_letter(struct rabbit *rabbit, const char *queue,
                                     const struct rabbit_letter *letter);
