// Decides how long a batch is delayed so that further events join it (decision 011).
//
// An event that comes alone is published at once. At a rate at which several events are expected
// within the longest delay, they share a batch: one round trip to Redis, one acknowledgement, and
// one wake-up of each edge.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct linger {
    uint32_t max_ms; // longest delay; 0: never delay
    uint64_t window_start_ms;
    uint64_t window_count;
    uint64_t per_second; // events per second, as measured in the last window
};

// Counts `taken` events. `now_ms`: monotonic clock.
void linger_record(struct linger *linger, uint64_t now_ms, size_t taken);

// Returns how long to wait for further events: `max_ms`, or 0 at a low rate.
uint32_t linger_wait_ms(const struct linger *linger);
