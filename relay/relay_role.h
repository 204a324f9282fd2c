// Being active: who holds the queues of RabbitMQ and has claimed the log in Redis. Both are needed.
#pragma once

#include "relay/relay_parts.h"

// Tries to become active, or to stay so; waits a little where it is not possible now.
bool relay_is_active(struct relay *relay);
// The consumer is lost: everything that was delivered and not acknowledged will come again, to this
// relay or to another.
void relay_on_consumer_lost(struct relay *relay);
// Gives that back to RabbitMQ, and with it being active.
void relay_leave_queues(struct relay *relay);
// Redis itself has said that another relay is active. Without acknowledgement the events of the
// batch go to that one.
void relay_become_standby(struct relay *relay);
// A relay that holds the queues and has long been unable to use the log stands in the way of one
// that can: it leaves them, and the batch. True when it has.
bool relay_give_up(struct relay *relay);
