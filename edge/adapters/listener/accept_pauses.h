// Counts the pauses of accepting, shows them as gauges, and logs them.
//
// At most one pause a minute is logged, because they may come and go many times a second.
#pragma once

#include "common/deadlines.h"
#include "edge/adapters/listener/listener_options.h"

struct accept_pauses {
    struct listener_metrics *metrics;
    const struct deadlines *clock;
    enum accept_pause current;
    bool logged;        // the current pause was
    uint64_t logged_ms; // when a pause was logged last; 0: never
};

// Accepting now pauses for this reason, or goes on (ACCEPT_GOES_ON). Does nothing if it did before.
void accept_pauses_set(struct accept_pauses *pauses, enum accept_pause why);
