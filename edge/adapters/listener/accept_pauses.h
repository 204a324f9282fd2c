// Pauses of accepting: counted, shown as gauges, and logged.
//
// A pause that comes and goes many times a second is logged once a minute.
#pragma once

#include "common/deadlines.h"
#include "edge/adapters/listener/listener_options.h"

struct accept_pauses {
    struct listener_metrics *metrics;
    const struct deadlines *clock;
    enum accept_pause current;
    bool logged;        // the current one
    uint64_t logged_ms; // when a pause was logged last; 0: never
};

// Accepting pauses for this reason, or goes on.
void accept_pauses_set(struct accept_pauses *pauses, enum accept_pause why);
