// Metrics of presence.
#pragma once

#include "common/metrics.h"

struct presence_metrics {
    metric entries;   // users and rooms that are kept
    metric unwritten; // of them, those with a change that the store does not have yet
    metric writes;    // changes that the store has taken
    metric failed;    // changes that it has not taken, or not answered; they are written again
    metric rewritten; // users and rooms, because the store may lack them
    metric lost;      // events about users, because the uplink was full
    metric told;      // numbers of clients that were sent to the members of a room
};
