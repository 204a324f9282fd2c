// Tells the other programs, every two seconds and whenever the bus comes up, that this edge is
// alive and how many sockets and rooms it has. Its gauges are set on the same occasion.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/log_tail.h"
#include "edge/gateway/gateway_metrics.h"

struct announcements {
    struct bus *bus;
    struct sio_namespace *nsp;
    struct log_tail *tail; // NULL: nothing is recovered
    uint64_t reach_max_s;  // how far back in time the tail should reach
    struct gateway_metrics *metrics;
    struct deadline_queue due;
    struct deadline next;
};

// The first announcement comes after two seconds, or earlier with announcements_send().
void announcements_start(struct announcements *announcements, struct deadlines *clock);
void announcements_fini(struct announcements *announcements);
void announcements_send(struct announcements *announcements);
