// A token bucket limits how much a peer may do. It fills at a steady rate up to its size; a request
// for more tokens than it holds is refused.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

// The limits of all buckets of a kind.
struct token_rate {
    uint32_t per_second; // 0: no limit
    uint32_t burst;      // what a full bucket holds; no more can be taken at once
};

// A zeroed bucket is full. Embedded in whatever is limited.
struct token_bucket {
    uint64_t missing; // thousandths of a token below full, at `at_ms`
    uint64_t at_ms;
};

// Takes `count` tokens. Returns false, and takes none, if fewer are left. `now_ms` must not go
// back.
NODISCARD bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate,
                                 uint64_t count, uint64_t now_ms);
