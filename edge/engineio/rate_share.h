// What all sessions of one key send together: a user with many clients sends no more for it.
//
// A key is there while a session has it, and until its bucket is full again: whoever leaves and
// comes back finds it as it was. So there are no more of them than sessions, and those that ended
// within RATE_BURST_SECONDS.
#pragma once

#include "common/deadlines.h"
#include "common/span.h"
#include "edge/engineio/rate_limit.h"

struct rate_share; // of one key

// Embedded in its owner.
struct rate_shares {
    struct rate_share *by_key;
    struct token_rate rate;
    struct deadline_queue idle_due; // of those that no session has any more
};

// 0 packets per second: no limit.
void rate_shares_init(struct rate_shares *shares, struct deadlines *clock,
                      uint32_t packets_per_second);
void rate_shares_fini(struct rate_shares *shares); // no session may have one any more

// Copies a key that is new. Pass what it returns to rate_share_leave() when the session ends.
NODISCARD struct rate_share *rate_share_join(struct rate_shares *shares, struct span key);
void rate_share_leave(struct rate_shares *shares, struct rate_share *share);

// Takes one packet of what the key may send; false when nothing is left.
NODISCARD bool rate_share_take(struct rate_shares *shares, struct rate_share *share,
                               uint64_t now_ms);
