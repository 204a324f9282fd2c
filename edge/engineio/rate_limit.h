// How much one client may send per second: packets, and bytes.
//
// Each takes from a bucket (see token_bucket.h), so that a burst passes: 10 s worth of packets (a
// client that reconnects joins all its rooms at once), and 2 messages of the largest size. What
// does not fit is refused. Refusals take from a third bucket, `refusals`; a client that empties it
// is to be closed.
#pragma once

#include <stddef.h>

#include "common/token_bucket.h"

#define RATE_BURST_SECONDS 10

// Shared by all clients of a kind.
struct rate_limits {
    struct token_rate packets, bytes;
};

// The state of one client. Zeroed: it has sent nothing yet.
struct rate_limiter {
    struct token_bucket packets, bytes, refusals;
};

enum rate_verdict {
    RATE_OK = 0,
    RATE_REFUSED,
    RATE_EXCEEDED, // refused so often that the bucket of refusals is empty
};

#define RATE_REFUSALS            100 // at once
#define RATE_REFUSALS_PER_SECOND 10  // in the long run

// What a client sent.
struct rate_load {
    uint32_t packets;
    size_t bytes;
    bool wants_answer; // its refusal is answered; one that is only dropped counts a tenth
};

// 0 per second: no limit of that kind. `max_message`: bytes of the largest message.
struct rate_limits rate_limits_of(uint32_t packets_per_second, uint32_t bytes_per_second,
                                  uint32_t max_message);
// For clients that are not admitted yet: they send a token and little else, so they get less, and
// have limits even where admitted clients have none.
struct rate_limits rate_limits_of_strangers(const struct rate_limits *limits);

// Takes the load from the client's buckets, or refuses it.
NODISCARD enum rate_verdict rate_check(struct rate_limiter *limiter,
                                       const struct rate_limits *limits,
                                       const struct rate_load *load, uint64_t now_ms);
// Counts a load that another limit refused. Never RATE_OK. Large loads empty that bucket sooner:
// 16 KB count like one refusal more.
NODISCARD enum rate_verdict rate_refuse(struct rate_limiter *limiter, const struct rate_load *load,
                                        uint64_t now_ms);
