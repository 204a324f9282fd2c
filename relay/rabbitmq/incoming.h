// What comes from the broker: deliveries put together from their frames, confirms, closings.
#pragma once

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq_types.h"

struct rabbit;

// What comes next from the broker, within `wait_ms` or little more. A long body may take several
// calls, which return RABBIT_NOTHING until it is whole.
NODISCARD enum rabbit_news rabbit_next(struct rabbit *rabbit, uint32_t wait_ms,
                                       struct rabbit_message *out);
// Whether something was read from the socket already and waits to be taken.
bool rabbit_has_more(struct rabbit *rabbit);
