// Accepts connections for as long as there is room, and hands each over once its request head has
// come.
//
// When descriptors run out or the limit of connections is reached, accepting pauses and goes on by
// itself; further connections wait in the kernel's backlog meanwhile. At the limit, a connection
// that waits there gets the place of one that does nothing, if there is one.
#pragma once

#include "edge/adapters/listener/arrivals.h"

struct acceptor;

struct acceptor_handlers {
    arrival_fn on_arrival;
    // Closes up to `count` connections that do nothing, in this turn of the loop; only those of
    // `address` unless it is NULL. Returns how many.
    size_t (*make_room)(size_t count, const struct key_count *address, void *arg);
    void *arg;
};

// NULL with one log line when the address is not to be had.
NODISCARD struct acceptor *acceptor_new(const struct listener_options *options,
                                        struct event_loop *loop, struct connections *connections,
                                        const struct acceptor_handlers *handlers);
void acceptor_stop(struct acceptor *acceptor);
// Closes the listening socket and all connections that were not handed over. Freed by the loop.
void acceptor_close(struct acceptor *acceptor);
