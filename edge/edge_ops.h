// The operations port of the edge: /live, /ready and /metrics. It is served by a thread of its own,
// which reads nothing but atomics, so it answers even when the loop hangs.
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
    metric alive_at_ms; // when the loop ran last; it writes this once a second
    metric draining;
    bool needs_key_set; // not ready before one was fetched
};

// Lets the loop write `alive_at_ms` once a second from now on; /live fails when it stops doing so.
// Borrows `metrics` and `deadlines`.
void edge_ops_init(struct edge_ops *ops, const struct edge_metrics *metrics,
                   struct deadlines *deadlines);
void edge_ops_fini(struct edge_ops *ops);

// Listens on OPS_PORT. False, with one line in the log, when the port cannot be opened.
NODISCARD bool edge_ops_open(struct edge_ops *ops, const struct edge_settings *settings);
// From now on /ready answers that the edge is draining.
void edge_ops_set_draining(struct edge_ops *ops);
