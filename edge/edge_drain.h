// Draining: the edge closes its clients evenly over some seconds, so that they do not all reconnect
// to the other edges at once. It refuses new handshakes meanwhile.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/deadlines.h"
#include "edge/engineio/server.h"

struct edge_drain {
    struct eio_server *engine;
    uint64_t length_ms, began_ms;
    size_t clients; // when draining began
    struct deadline_queue steps;
    struct deadline step;
    void (*on_drained)(void *arg);
    void *arg;
};

// `on_drained` is called once, when no client is left: by edge_drain_begin() itself if there is
// none.
void edge_drain_init(struct edge_drain *drain, struct deadlines *deadlines,
                     void (*on_drained)(void *arg), void *arg);
void edge_drain_fini(struct edge_drain *drain);

// Borrows `engine`. 0 seconds closes all clients in one step.
void edge_drain_begin(struct edge_drain *drain, struct eio_server *engine, unsigned seconds);
