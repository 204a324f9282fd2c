// Finds the address of a host without holding up the loop, which asking a name server otherwise
// would. One question at a time.
#pragma once

#include <stdbool.h>

#include "edge/adapters/event_loop.h"

struct host_lookup {
    uv_getaddrinfo_t request;
    bool busy;
    unsigned attempt;
    // `address` is the numeric address, or NULL and then `reason` says why.
    void (*on_done)(const char *address, const char *reason, void *arg);
    void *arg;
};

// Calls `on_done` later, unless it returns a reason why it cannot ask at all (NULL: all is well).
// Of several addresses each further attempt takes the next, IPv4 ones first.
NODISCARD const char *host_lookup_start(struct host_lookup *lookup, struct event_loop *loop,
                                        const char *host, unsigned attempt);
// Asks for an early end; on_done is called all the same while `busy`.
void host_lookup_cancel(struct host_lookup *lookup);
