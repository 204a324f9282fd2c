// The wait before the next attempt to connect: doubles from 50 ms, with jitter, up to 1 s if the
// other side answers on TCP, even by refusing, and up to 5 s if it does not.
//
// A server that is starting refuses until it is up, so short waits make for a quick recovery.
// Jitter spreads the reconnects of many programs that lost their broker at the same moment.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct backoff {
    unsigned attempts; // since the last success
};

// Counts an attempt and returns the wait before it in ms: a random time between half of the present
// step and all of it. `answers`: the other side answered on TCP.
uint32_t backoff_next_ms(struct backoff *backoff, bool answers);

// Call on success.
void backoff_reset(struct backoff *backoff);
