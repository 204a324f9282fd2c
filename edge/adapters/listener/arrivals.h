// Accepted connections whose request head has not come yet.
//
// The head is peeked at (MSG_PEEK) and stays in the socket, so that the server that gets the
// connection reads it from its first byte. While the head is not whole, the connection waits with a
// deadline.
#pragma once

#include <netinet/in.h>

#include "edge/adapters/listener/connections.h"

struct arrival {
    int fd;
    const struct sockaddr *address;
    socklen_t address_len;
    struct span head;          // the whole head and nothing behind it; still in the socket
    struct key_count *counted; // count of its address, for connections_leave()
};

// Called when the head is whole. Takes over the descriptor; borrows the rest until return.
typedef void (*arrival_fn)(const struct arrival *arrival, void *arg);

// Takes `len` bytes off the socket that were only peeked at, at most HTTP_HEAD_MAX. False when the
// connection went away.
NODISCARD bool arrival_consume(int fd, size_t len);

struct arrivals;

// Borrows the loop and the connections.
NODISCARD struct arrivals *arrivals_new(struct event_loop *loop, struct connections *connections,
                                        uint32_t head_timeout_ms, arrival_fn on_arrival, void *arg);
// Closes all connections that wait. Frees itself once the loop has closed their handles.
void arrivals_close(struct arrivals *arrivals);

// Takes over a connection that was just accepted; its `head` need not be set. Calls `on_arrival` at
// once if the head is there, as it mostly is: the kernel holds a connection back until it sends
// something (TCP_DEFER_ACCEPT).
void arrivals_receive(struct arrivals *arrivals, struct arrival *arrival);

// Closes up to `count` connections that wait, oldest first. Returns how many.
size_t arrivals_close_oldest(struct arrivals *arrivals, size_t count);
