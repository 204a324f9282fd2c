// Decides how long a batch is delayed so that further events join it (decision 011).
//
// A relay that has time publishes each event at once. One that is at work for over half of its time
// makes events share a batch: one call of Redis, one write, and one wake-up of each edge.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct linger {
    uint32_t max_ms; // longest delay; 0: never delay
    uint64_t window_start_ms, window_cpu_us;
    uint64_t window_count;
    uint64_t per_second; // events per second, as measured in the last window
    uint32_t busy;       // percent of the last window that this thread was at work
    bool lingers;
};

// Counts `taken` events, and measures this thread from time to time. `now_ms`: monotonic clock.
void linger_record(struct linger *linger, uint64_t now_ms, size_t taken);

// Returns how long to wait for further events: `max_ms`, or 0 while there is time.
uint32_t linger_wait_ms(const struct linger *linger);
