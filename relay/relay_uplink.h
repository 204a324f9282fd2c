// The uplink (relay/uplink): what it needs of the relay.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

struct relay;
struct relay_uplink;

// Starts it if the gateway's file uses it, unless it was started before: it goes on when a later
// file does not, since the stream may have entries. Returns false, with a line in the log, if it
// cannot be started.
NODISCARD bool relay_uplink_start(struct relay *relay);
// NULL is allowed.
void relay_uplink_free(struct relay_uplink *uplink);
