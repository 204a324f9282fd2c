// Asking the relay of this process to stop.
#pragma once

#include <stdbool.h>

// Async-signal-safe. True when it was asked before.
bool relay_stop(void);
// Whether relay_stop() was called.
bool relay_stopping(void);
