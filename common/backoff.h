// How long to wait before the next try: doubling from 50 ms to 5 s, with jitter.
//
// Jitter keeps a fleet that lost its broker in one moment from coming back in one moment.
#pragma once

#include <stdint.h>

struct backoff {
    unsigned attempts; // since the last success
};

// The wait before the next attempt, in ms: between half and all of the doubled step. Counts it.
uint32_t backoff_next_ms(struct backoff *backoff);

// Call on success.
void backoff_reset(struct backoff *backoff);
