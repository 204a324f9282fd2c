// The loop of the relay: take events, translate, append and publish them, acknowledge.
#pragma once

#include "relay/relay_parts.h"

// One batch.
void relay_loop_once(struct relay *relay);
// Sends the acknowledgements that were held back.
void relay_acknowledge(struct relay *relay);
