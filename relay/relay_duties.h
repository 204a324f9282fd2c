// What the relay does however long something else takes: it sends heartbeats, keeps its connections
// alive, and ends when it is asked to.
#pragma once

#include "relay/relay_parts.h"

// The periodic work; to be called at least every few hundred ms.
void relay_do_periodic_work(struct relay *relay);
// Waits, does the periodic work meanwhile, and returns early when a stop is asked for.
void relay_wait(struct relay *relay, uint64_t ms);
// Whether a stop was asked for so long ago that what is not safe yet is left to the next relay.
bool relay_out_of_time(struct relay *relay);
