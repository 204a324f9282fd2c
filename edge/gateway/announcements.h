// Announces on the bus that this edge is alive and how many sockets and rooms it has: every two
// seconds, and when the bus comes up. Sets the gauges of rooms and of the tail at the same time.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/log_tail.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/presence/presence.h"

struct announcements {
    struct bus *bus;
    struct sio_namespace *nsp;
    struct log_tail *tail;     // NULL: recovery is off
    struct presence *presence; // NULL: nothing of the kind is kept
    uint64_t reach_max_s;      // how many seconds back the tail should reach
    struct gateway_metrics *metrics;
    struct deadline_queue due;
    struct deadline next;
};

// The first announcement comes after two seconds, or earlier with announcements_send().
void announcements_start(struct announcements *announcements, struct deadlines *clock);
void announcements_fini(struct announcements *announcements);
void announcements_send(struct announcements *announcements);
