// Looks up the address of a host in a thread of libuv, so that a slow name server does not hold up
// the loop. One lookup at a time.
#pragma once

#include <stdbool.h>

#include "edge/adapters/event_loop.h"

struct host_lookup {
    uv_getaddrinfo_t request;
    bool busy;
    unsigned attempt;
    // `address` is the numeric address; if it is NULL, `reason` says why.
    void (*on_done)(const char *address, const char *reason, void *arg);
    void *arg;
};

// Starts a lookup. Returns NULL if it has started, and then calls `on_done` later; otherwise the
// reason why it cannot start. Of several addresses each further attempt takes the next, IPv4 first.
NODISCARD const char *host_lookup_start(struct host_lookup *lookup, struct event_loop *loop,
                                        const char *host, unsigned attempt);
// Asks for an early end. `on_done` is still called, later, if a lookup is under way (`busy`).
void host_lookup_cancel(struct host_lookup *lookup);
