// What the relay must do however long it waits for a broker: send heartbeats, keep its connections
// alive, and notice a request to stop.
#pragma once

#include "relay/relay_parts.h"

// Does the work that is due. Call it at least every few hundred ms.
void relay_do_periodic_work(struct relay *relay);
// Waits for `ms` and does the periodic work meanwhile. Returns early if a stop is requested.
void relay_wait(struct relay *relay, uint64_t ms);
// True if DRAIN_SECONDS have passed since the first call after a stop was requested. Events that
// are not safe by then are left to the next relay.
bool relay_out_of_time(struct relay *relay);
