// How long to wait before the next try: doubling from 50 ms, with jitter, to 1 s where the other
// side answers on TCP, be it by refusing, and to 5 s where it does not.
//
// A server that starts refuses until it is up: asking it often costs little and is what heals soon.
// Jitter keeps a fleet that lost its broker in one moment from coming back in one moment.
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
