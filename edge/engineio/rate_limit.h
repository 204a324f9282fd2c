// How much one client may send per second: packets, and bytes.
//
// Both fill a bucket (see token_bucket.h), so that a burst passes: 10 s worth of packets (a client
// that comes back joins all its rooms at once), and 2 messages of the largest size. What is over
// is refused; a client that goes on nevertheless is given up.
#pragma once

#include <stddef.h>

#include "common/token_bucket.h"

#define RATE_BURST_SECONDS 10

// The same for all clients of a kind.
struct rate_limits {
    struct token_rate packets, bytes;
};

// Of one client. Zeroed: it has sent nothing yet.
struct rate_limiter {
    struct token_bucket packets, bytes, patience;
};

enum rate_verdict {
    RATE_OK = 0,
    RATE_REFUSED,
    RATE_EXCEEDED, // refused more than RATE_REFUSALS times, and RATE_REFUSALS_PER_SECOND
};

#define RATE_REFUSALS            100
#define RATE_REFUSALS_PER_SECOND 10

// What a client sent.
struct rate_load {
    uint32_t packets;
    size_t bytes;
    bool wants_answer; // refusing it is work, too; what is only dropped counts a tenth of that
};

// 0: no limit of that kind.
struct rate_limits rate_limits_of(uint32_t packets_per_second, uint32_t bytes_per_second,
                                  uint32_t max_message);
// Of clients that nobody knows yet: they bring a token, and little else.
struct rate_limits rate_limits_of_strangers(const struct rate_limits *limits);

NODISCARD enum rate_verdict rate_check(struct rate_limiter *limiter,
                                       const struct rate_limits *limits,
                                       const struct rate_load *load, uint64_t now_ms);
// The verdict on what was refused for another reason. Large ones try patience sooner.
NODISCARD enum rate_verdict rate_refuse(struct rate_limiter *limiter, const struct rate_load *load,
                                        uint64_t now_ms);
