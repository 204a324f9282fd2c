// Whether it pays to wait for company: how fast events come in, and so how long to linger.
//
// An event that comes alone is published at once. Where several come within the time that one
// may be held back, waiting for them lets them share a round trip to Redis, an acknowledgement
// and one wake-up of every edge.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pace {
    uint32_t linger_ms; // the longest wait; 0: never
    uint64_t window_start_ms;
    uint64_t window_count;
    uint64_t per_second; // as measured last
};

// Counts what was taken now.
void pace_note(struct pace *pace, uint64_t now_ms, size_t taken);

// How long to wait for more: `linger_ms` or 0.
uint32_t pace_linger_ms(const struct pace *pace);
