// How much one client may send per second: packets, and bytes.
//
// Both fill a bucket (see token_bucket.h), so that a burst passes: 10 s worth of packets (a client
// that comes back joins all its rooms at once), and 2 messages of the largest size. What is over
// is refused; a client that goes on nevertheless is given up.
#pragma once

#include <stddef.h>

#include "common/token_bucket.h"

// The same for all clients.
struct rate_limits {
    struct token_rate packets, bytes;
};

// Of one client. Zeroed: it has sent nothing yet.
struct rate_limiter {
    struct token_bucket packets, bytes, refusals;
};

enum rate_verdict {
    RATE_OK = 0,
    RATE_REFUSED,
    RATE_GIVEN_UP, // refused more than RATE_REFUSALS times, and RATE_REFUSALS_PER_SECOND
};

#define RATE_REFUSALS            100
#define RATE_REFUSALS_PER_SECOND 10

// 0: no limit of that kind.
struct rate_limits rate_limits_of(uint32_t packets_per_second, uint32_t bytes_per_second,
                                  uint32_t max_message);

NODISCARD enum rate_verdict rate_judge(struct rate_limiter *limiter,
                                       const struct rate_limits *limits, uint32_t packets,
                                       size_t bytes, uint64_t now_ms);
