// Becoming the relay that consumes: who is active, who stands by, which queues are left out.
#pragma once

#include "relay/rabbitmq/consumer.h"

// One attempt to get (or stay) active. What it is told by the broker it logs when it is new.
NODISCARD enum consumer_state consumer_join(struct consumer *source);
