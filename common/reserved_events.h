// Names of events that Socket.IO emits itself. No program and no client may emit them.
#pragma once

#include <stdbool.h>

#include "common/span.h"

// `inside` is the name between the quotes of its JSON string (json_string.h).
bool is_reserved_event(struct span inside);
