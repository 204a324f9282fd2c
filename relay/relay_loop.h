// The loop of the relay: take events, translate, append and publish them, acknowledge.
#pragma once

#include "relay/relay_parts.h"

// One turn: takes, appends and acknowledges one batch. If the relay is not active, waits a little
// and tries to become so.
void relay_loop_once(struct relay *relay);
// Takes answers and tries to append what is held, all of it if the relay is `idle`, and
// acknowledges what is in the log. Returns false if another relay has claimed the log; this one
// stands by then.
NODISCARD bool relay_loop_log(struct relay *relay, bool idle);
// Acknowledges what is known to be in the log.
void relay_acknowledge(struct relay *relay);
