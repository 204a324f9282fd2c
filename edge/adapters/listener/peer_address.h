// The address of a peer as text: "192.0.2.7" or "2001:db8::1", without the port.
#pragma once

#include <netinet/in.h>

#include "common/span.h"

// Writes into `out` (at least INET6_ADDRSTRLEN bytes); the span points there. "unknown" if the
// address is neither IPv4 nor IPv6.
struct span peer_address_print(const struct sockaddr *address, char *out, size_t size);
