// Names of events that are taken.
#pragma once

#include <stdbool.h>

#include "common/span.h"

// Socket.IO emits these itself: no program and no client may emit them. `inside` is the name
// between the quotes of its JSON string (json_string.h).
bool is_reserved_event(struct span inside);
// The edge handles or emits these itself: who could send them could pass for it.
bool is_gateway_event(struct span name);
