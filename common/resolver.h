// Looks up the addresses of a host name within a limit of time.
//
// A name server that does not answer holds getaddrinfo() for ten seconds and more. So
// getaddrinfo_a() looks up on a thread of the C library, and an answer that comes late serves the
// next attempt.
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

// Borrows `host` for its whole life.
void resolver_init(struct resolver *resolver, const char *host);
void resolver_fini(struct resolver *resolver);

// NULL, or a text that says why there is no address.
NODISCARD const char *resolver_ask(struct resolver *resolver, uint32_t wait_ms,
                                   struct addresses *out);
