// Accepted connections until their request head has come.
//
// The head is peeked at (MSG_PEEK) and stays in the socket, so that whoever serves the connection
// reads it from its first byte. While it is not whole, the connection waits with a deadline.
#pragma once

#include <netinet/in.h>

#include "edge/adapters/listener/connections.h"

struct arrival {
    int fd;
    const struct sockaddr *address;
    socklen_t address_len;
    struct span head;          // whole, nothing behind it, and still to be read from fd
    struct key_count *counted; // as its address; for connections_leave()
};

// The head is whole. Takes over the descriptor.
typedef void (*arrival_fn)(const struct arrival *arrival, void *arg);

// Takes bytes off the socket that were only peeked at, no more than a head. False when the
// connection went away.
NODISCARD bool arrival_consume(int fd, size_t len);

struct arrivals;

// Borrows the loop and the connections.
NODISCARD struct arrivals *arrivals_new(struct event_loop *loop, struct connections *connections,
                                        uint32_t head_timeout_ms, arrival_fn on_arrival, void *arg);
// Closes all connections that wait. Freed by the loop.
void arrivals_close(struct arrivals *arrivals);

// A connection that was just accepted; its `head` need not be set. Mostly the head has come with
// it, because the kernel holds back connections that say nothing.
void arrivals_receive(struct arrivals *arrivals, struct arrival *arrival);

// Closes up to `count` connections that wait, those first that have waited longest. Returns how
// many.
size_t arrivals_close_oldest(struct arrivals *arrivals, size_t count);
