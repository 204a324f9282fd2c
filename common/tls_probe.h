// Finds out whether a server that does not understand plain text speaks TLS.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"

// Connects to `host`, sends `greeting`, and returns true if a TLS alert comes back, which is how
// TLS refuses plain text. Takes at most about `wait_ms`, besides looking up a name.
bool tls_probe(const char *host, uint16_t port, struct span greeting, uint32_t wait_ms);
