// Accepts connections for as long as there is room, and hands each over once its request head has
// come.
//
// When descriptors run out or the limit of connections is reached, accepting pauses and goes on by
// itself; further connections wait in the kernel's backlog meanwhile. At the limit, an idle
// connection is closed in favour of one that waits there, if there is an idle one.
#pragma once

#include "edge/adapters/listener/arrivals.h"

struct acceptor;

struct acceptor_handlers {
    arrival_fn on_arrival;
    // Closes up to `count` idle connections in this turn of the loop; only those of `address`
    // unless it is NULL. Returns how many.
    size_t (*make_room)(size_t count, const struct key_count *address, void *arg);
    void *arg;
};

// Listens. NULL, with one line in the log, when the address cannot be had.
NODISCARD struct acceptor *acceptor_new(const struct listener_options *options,
                                        struct event_loop *loop, struct connections *connections,
                                        const struct acceptor_handlers *handlers);
// Closes the listening socket. Further calls do nothing.
void acceptor_stop(struct acceptor *acceptor);
// Closes the listening socket and all connections that were not handed over. The acceptor frees
// itself once the loop has closed its handles.
void acceptor_close(struct acceptor *acceptor);
