// What all sessions of one key send together: a user with many clients sends no more for it.
//
// A key has a bucket only while that is not full: from the first packet until RATE_BURST_SECONDS
// after the last. So keys that are silent cost nothing, and whoever leaves and comes back finds the
// bucket as it was: sessions only name their key.
#pragma once

#include "common/deadlines.h"
#include "common/span.h"
#include "edge/engineio/rate_limit.h"

struct rate_share; // of one key

// Embedded in its owner.
struct rate_shares {
    struct rate_share *by_key;
    struct token_rate rate;
    struct deadline_queue full_due;
};

#define RATE_KEY_NONE 0

// 0 packets per second: no limit.
void rate_shares_init(struct rate_shares *shares, struct deadlines *clock,
                      uint32_t packets_per_second);
void rate_shares_fini(struct rate_shares *shares);

// A hash, keyed and of 64 bits, in place of the name: nobody finds two that share one.
NODISCARD uint64_t rate_key_of(struct span name);

// Takes one packet of what the key may send; false when nothing is left. RATE_KEY_NONE has no
// limit.
NODISCARD bool rate_share_take(struct rate_shares *shares, uint64_t key, uint64_t now_ms);
