// Looks up the addresses of a host name within a time limit.
//
// getaddrinfo() blocks for ten seconds or more if the name server does not answer. So
// getaddrinfo_a() does the lookup on a thread of the C library, and an answer that comes late
// serves the next attempt.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

#define RESOLVER_ADDRESSES_MAX 4
#define RESOLVER_TEXT_MAX      64 // a numeric address with its scope

struct resolver {
    const char *host;
    struct gaicb *pending; // the lookup that has no answer yet
    bool reached; // set by the caller: at the last attempt the host answered on TCP, even by
                  // refusing
};

struct addresses {
    size_t count;
    char text[RESOLVER_ADDRESSES_MAX][RESOLVER_TEXT_MAX];
};

// Borrows `host` for the resolver's life. A lookup that is at work at its end is freed when a later
// one begins.
void resolver_init(struct resolver *resolver, const char *host);
void resolver_fini(struct resolver *resolver);

// Waits up to `wait_ms` for the addresses. Returns NULL, or a constant text that says why there is
// none. Sets `reached` to false.
NODISCARD const char *resolver_ask(struct resolver *resolver, uint32_t wait_ms,
                                   struct addresses *out);
