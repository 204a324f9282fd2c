// How long to delay a batch so that further events join it.
//
// An event that comes alone is published at once. Where several come within the time that one may
// be delayed, one batch of them shares a round trip to Redis, an acknowledgement and one wake-up of
// every edge.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct linger {
    uint32_t max_ms; // the longest delay; 0: none
    uint64_t window_start_ms;
    uint64_t window_count;
    uint64_t per_second; // as measured last
};

// Counts what was taken now.
void linger_record(struct linger *linger, uint64_t now_ms, size_t taken);

// How long to wait for more: `max_ms` or 0.
uint32_t linger_wait_ms(const struct linger *linger);
