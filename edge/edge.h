// The edge process: builds the parts, wires them, runs them, takes them down.
//
//     RUNNING ──SIGTERM, SIGINT or a command──▶ DRAINING ──all clients gone──▶ CLOSING ──▶ end
//
// A draining edge is not ready, no longer listens, refuses new handshakes, and closes its clients
// spread over DRAIN_SECONDS. Then it closes the clients' port, the authorization client, and the
// bus (once Redis has answered what was published), in this order. A second signal ends the process
// at once.
#pragma once

#include "edge/edge_settings.h"

struct edge;

// Borrows `settings` for as long as the edge lives.
NODISCARD struct edge *edge_new(const struct edge_settings *settings);
// Runs the edge until it has drained and closed. The operations port opens at once; the clients'
// port opens once the edge follows the log, or after 2 s without that (Redis is down). False, with
// a line in the log, when a port could not be opened.
NODISCARD bool edge_run(struct edge *edge);
void edge_free(struct edge *edge);
