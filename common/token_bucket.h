// A token bucket: how much of something a peer may do. It fills at a steady rate up to its size;
// who takes more than is in it is refused.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

// One for all buckets of a kind.
struct token_rate {
    uint32_t per_second; // 0: no limit
    uint32_t burst;      // what a full bucket holds; no more can be taken at once
};

// A zeroed bucket is full. Embedded in whatever is limited.
struct token_bucket {
    uint64_t missing; // thousandths of a token, as of
    uint64_t at_ms;
};

// Takes `count` tokens; false, and takes none, when fewer are left. `now_ms` never goes back.
NODISCARD bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate,
                                 uint64_t count, uint64_t now_ms);
