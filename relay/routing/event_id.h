// The id of an event, by which an edge and the log know it again: AMQP's message-id or, without
// one, a hash of routing key and body.
#pragma once

#include "relay/routing/event.h"

#define EVENT_ID_BYTES 16 // of the hash

// Selects the fastest hash for this machine. May be called again.
void event_id_init(void);

// The result is the event's own message-id, or what is written to `hash`. A message-id that cannot
// be a string of the envelope counts as missing.
struct span event_id(const struct event *event, char hash[2 * EVENT_ID_BYTES + 1]);
