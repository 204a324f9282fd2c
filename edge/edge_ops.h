// The operations port of the edge: whether it lives, whether clients may be sent to it, and what it
// counts. The port has a thread of its own, which reads nothing but atomics.
#pragma once

#include "common/deadlines.h"
#include "common/ops_server.h"
#include "edge/edge_metrics.h"
#include "edge/edge_settings.h"

struct edge_ops {
    const struct edge_metrics *metrics;
    struct ops_server *server; // NULL: not open
    struct deadline_queue stamps;
    struct deadline stamp;
    metric alive_at_ms; // stamped by the loop
    metric draining;
};

// Stamps from now on that the loop moves. Borrows `metrics`.
void edge_ops_init(struct edge_ops *ops, const struct edge_metrics *metrics,
                   struct deadlines *deadlines);
void edge_ops_fini(struct edge_ops *ops);

// False with one log line when the port cannot be opened.
NODISCARD bool edge_ops_open(struct edge_ops *ops, const struct edge_settings *settings);
// Not ready any more.
void edge_ops_set_draining(struct edge_ops *ops);
