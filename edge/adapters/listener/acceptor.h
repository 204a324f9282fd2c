// The listener: accepts connections and looks at each one's first request head without taking it
// (MSG_PEEK), so that whoever serves the connection reads it from its first byte.
//
// A connection has a deadline until its head is whole. When descriptors run out or the limit of
// connections is reached, accepting pauses and goes on by itself; the backlog waits meanwhile. At
// the limit, who waits there gets the place of one that does nothing, if there is one.
#pragma once

#include <netinet/in.h>

#include "edge/adapters/listener/connections.h"

// A connection that was accepted and whose request head has arrived.
struct arrival {
    int fd; // now the handler's
    const struct sockaddr *address;
    socklen_t address_len;
    struct span head;          // peeked: still to be read from fd
    struct key_count *counted; // as its address; for connections_leave()
};

struct acceptor;

struct acceptor_handlers {
    // Takes over the descriptor.
    void (*on_arrival)(const struct arrival *arrival, void *arg);
    // Closes so many connections that do nothing, in this turn of the loop; as many as there are,
    // of this address unless it is NULL. Returns how many.
    size_t (*make_room)(size_t count, const struct key_count *address, void *arg);
    void *arg;
};

// NULL with one log line when the address is not to be had.
NODISCARD struct acceptor *acceptor_new(const struct listener_options *options,
                                        struct event_loop *loop, struct connections *connections,
                                        const struct acceptor_handlers *handlers);
uint16_t acceptor_port(const struct acceptor *acceptor);
void acceptor_stop(struct acceptor *acceptor);
// Closes the listener and everybody who still waits at the door. Freed by the loop.
void acceptor_close(struct acceptor *acceptor);

// Answers with a bare HTTP error and closes. For connections that nobody serves.
void acceptor_refuse(int fd, unsigned status, const char *reason, struct span json);
