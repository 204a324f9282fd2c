// The addresses of a host name, found out within a limit.
//
// A name server that does not answer keeps getaddrinfo() for ten seconds and more. So the asking
// is left to the C library's own helper thread, and an answer that comes late serves the next try.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"

#define RESOLVER_ADDRESSES_MAX 4
#define RESOLVER_TEXT_MAX      64 // a numeric address with its scope

struct resolver {
    const char *host;
    struct gaicb *pending; // asked, and not answered yet
    bool reached; // noted by who dials: when last tried, it answered on TCP, be it by refusing
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
