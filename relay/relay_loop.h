// The loop of the relay: take events, translate, append and publish them, acknowledge.
#pragma once

#include "relay/relay_parts.h"

// One turn: takes, appends and acknowledges one batch. If the relay is not active, waits a little
// and tries to become so.
void relay_loop_once(struct relay *relay);
// Tries to append the batches, and acknowledges those that are in the log. Returns false if another
// relay has claimed the log; this one stands by then.
NODISCARD bool relay_loop_log(struct relay *relay);
// Sends the acknowledgement that was held back, if any.
void relay_acknowledge(struct relay *relay);
