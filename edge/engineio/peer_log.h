// Limits log lines that any client can cause, so that a flood of them does not push everything else
// out of the log. For each kind of line an address gets 10 lines and then one a minute; all
// addresses together get 50 and then one every 5 s. Lines that are left out are counted, and the
// next line says how many they were.
#pragma once

#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/span.h"

#define PEER_LOG_ADDRESSES 64 // that are counted separately at one time

// The state of one kind of line.
struct peer_log {
    metric *left_out;
    struct {
        unsigned key;
        uint64_t free_at_ms; // when the address may have its 10 lines again
    } addresses[PEER_LOG_ADDRESSES];
    uint64_t all_free_at_ms;
    uint64_t left_out_since; // since the last line that was written
};

static inline void peer_log_init(struct peer_log *log, metric *left_out)
{
    *log = (struct peer_log){.left_out = left_out};
}

// True if a line about `address` (as text) may be written now; `left_out` is then how many lines
// were left out since the last one. False counts one more.
NODISCARD bool peer_log_allows(struct peer_log *log, struct span address, uint64_t now_ms,
                               uint64_t *left_out);

// Writes a line at level info with the address and the number of lines left out, if it is allowed.
// `format` is a literal that ends in "=%…" and has at least one argument.
#define log_peer(log, address, format, ...)                                                        \
    do {                                                                                           \
        struct span address_ = (address);                                                          \
        uint64_t left_out_;                                                                        \
        if (LOG_INFO <= log_threshold &&                                                           \
            peer_log_allows((log), address_, clock_monotonic_ms(), &left_out_))                    \
            log_info(format " address=" SPAN_FMT " left_out=%" PRIu64, __VA_ARGS__,                \
                     SPAN_ARG(address_), left_out_);                                               \
    } while (0)
