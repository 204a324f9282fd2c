// Log lines that strangers cause. A flood of what one line tells of must not push everything else
// out of the log, so of each kind an address gets a few lines and then one a minute, and all
// together get one each five seconds. Lines that are left out are counted, and the next one says
// how many.
#pragma once

#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/span.h"

#define PEER_LOG_ADDRESSES 64 // that are told apart at one time

// Of one kind of line.
struct peer_log {
    metric *left_out;
    struct {
        unsigned key;
        uint64_t free_at_ms; // when its lines count for nothing any more
    } addresses[PEER_LOG_ADDRESSES];
    uint64_t all_free_at_ms;
    uint64_t left_out_since;
};

static inline void peer_log_init(struct peer_log *log, metric *left_out)
{
    *log = (struct peer_log){.left_out = left_out};
}

// Whether a line about `address` (as text) may be written now, and how many were left out before.
NODISCARD bool peer_log_allows(struct peer_log *log, struct span address, uint64_t now_ms,
                               uint64_t *left_out);

// At info, with the address. `format` is a literal that ends in "=%…" and has at least one
// argument.
#define log_peer(log, address, format, ...)                                                        \
    do {                                                                                           \
        struct span address_ = (address);                                                          \
        uint64_t left_out_;                                                                        \
        if (LOG_INFO <= log_threshold &&                                                           \
            peer_log_allows((log), address_, clock_monotonic_ms(), &left_out_))                    \
            log_info(format " address=" SPAN_FMT " left_out=%" PRIu64, __VA_ARGS__,                \
                     SPAN_ARG(address_), left_out_);                                               \
    } while (0)
