// The edge process: builds the parts, wires them, runs them, takes them down.
//
//     RUNNING ──SIGTERM, SIGINT or a command──▶ DRAINING ──all clients gone──▶ CLOSING ──▶ end
//
// While it drains it is not ready, listens no more, refuses new handshakes and closes its clients
// spread over DRAIN_SECONDS. Then the port, the bus (after what it has published) and everything
// else are closed, in this order. A second signal ends the process at once.
#pragma once

#include "edge/edge_settings.h"

struct edge;

// Borrows the settings.
NODISCARD struct edge *edge_new(const struct edge_settings *settings);
// Opens the operations port at once, and the clients' as soon as the log is followed, or Redis is
// not there for a while. Returns once drained and closed; false, with a line in the log, when a
// port could not be opened.
NODISCARD bool edge_run(struct edge *edge);
void edge_free(struct edge *edge);
