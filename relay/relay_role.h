// Becoming, staying and ceasing to be the active relay: the one that holds the queues of RabbitMQ
// and has claimed the log in Redis. Decision 008 has why both are needed.
#pragma once

#include "relay/relay_parts.h"

// Makes the relay active if it is not. Returns false, after a short wait, if that is not possible
// now.
bool relay_is_active(struct relay *relay);
// Updates the state after the consumer is lost. RabbitMQ will deliver again, to this relay or
// another one, what was not acknowledged.
void relay_on_consumer_lost(struct relay *relay);
// Stops being active: gives the queues and all unacknowledged events back to RabbitMQ.
void relay_leave_queues(struct relay *relay);
// Becomes standby because another relay has claimed the log. The batch is dropped without an
// acknowledgement, so RabbitMQ delivers its events to that relay.
void relay_become_standby(struct relay *relay);
// Gives up the queues and the batch if the relay holds the queues and could not use the log for
// 10 s: perhaps another relay can. Returns true if it did.
bool relay_give_up(struct relay *relay);
