// Becoming the relay that consumes: who is active, who stands by, which queues are left out.
#pragma once

#include "relay/rabbitmq/consumer.h"

// One attempt to become (or stay) active. Logs what the broker refuses when that is new.
NODISCARD enum consumer_state consumer_join(struct consumer *consumer);
