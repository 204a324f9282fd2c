// Limits what all sessions of one key send together, so that a user gains nothing by opening many
// clients.
//
// A key has a bucket only while that is not full: from its first packet until RATE_BURST_SECONDS
// after its last. So silent keys take no memory. The bucket belongs to the key and not to a
// session: a user who disconnects and comes back finds it as it was.
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

// A key for the name: a keyed 64-bit hash, so that nobody can find two names with the same key.
NODISCARD uint64_t rate_key_of(struct span name);

// Takes one packet from the key's bucket; false when the bucket is empty. RATE_KEY_NONE has no
// limit.
NODISCARD bool rate_share_take(struct rate_shares *shares, uint64_t key, uint64_t now_ms);
