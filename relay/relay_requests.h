// What signals request of the relay of this process.
#pragma once

#include <stdbool.h>

// Requests the stop. Async-signal-safe. Returns true if it was requested before.
bool relay_stop(void);
// Whether relay_stop() was called.
bool relay_stopping(void);

// Requests that the relay reads again what may change. Async-signal-safe.
void relay_reload(void);
// Whether relay_reload() was called since the last call of this.
bool relay_take_reload(void);
