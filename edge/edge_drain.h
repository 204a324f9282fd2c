// Draining: the edge lets its clients go, evenly over some seconds, so that not all of them come to
// the other edges at once. It takes no new ones meanwhile.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/deadlines.h"
#include "edge/engineio/server.h"

struct edge_drain {
    struct eio_server *engine;
    uint64_t length_ms, began_ms;
    size_t clients; // when it began
    struct deadline_queue steps;
    struct deadline step;
    void (*on_drained)(void *arg);
    void *arg;
};

// `on_drained` is called when the last client is gone, which may be at once.
void edge_drain_init(struct edge_drain *drain, struct deadlines *deadlines,
                     void (*on_drained)(void *arg), void *arg);
void edge_drain_fini(struct edge_drain *drain);

void edge_drain_begin(struct edge_drain *drain, struct eio_server *engine, unsigned seconds);
