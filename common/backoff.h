// How long to wait before the next attempt: doubles from 50 ms, with jitter, up to 1 s while the
// other side answers on TCP, even by refusing, and up to 5 s while it does not.
//
// A server that is starting refuses until it is up, so short waits make for a quick recovery.
// Jitter spreads the reconnects of many programs that lost their broker at the same moment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    unsigned attempts; // since the last success
};

// The wait before the next attempt, in ms: between half and all of the doubled step. Counts it.
uint32_t backoff_next_ms(struct backoff *backoff, bool answers);

// Call on success.
void backoff_reset(struct backoff *backoff);
