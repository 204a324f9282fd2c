// The request that the relay of this process stops.
#pragma once

#include <stdbool.h>

// Requests the stop. Async-signal-safe. Returns true if it was requested before.
bool relay_stop(void);
// Whether relay_stop() was called.
bool relay_stopping(void);
