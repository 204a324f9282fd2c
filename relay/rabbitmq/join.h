// Brings a consumer to hold its queues: decides who is active, who stands by, and which queues are
// left out.
#pragma once

#include "relay/rabbitmq/consumer.h"

// Makes one attempt to become active; does nothing if the consumer is. Logs a new refusal once.
NODISCARD enum consumer_state consumer_join(struct consumer *consumer);
