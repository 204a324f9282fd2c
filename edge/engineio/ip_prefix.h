// Which addresses of clients count as one: the key under which their sessions are counted.
#pragma once

#include <netinet/in.h>

#include "common/span.h"

#define IP_PREFIX_MAX 8

// An address as text.
struct ip_text {
    char text[INET6_ADDRSTRLEN];
};

// IPv6 addresses of one /64 have one key, for that is what a single subscriber gets at least.
// `text` as http_request.peer has it; all that are no addresses have the same key. In `out`.
struct span ip_prefix_of(struct span text, unsigned char out[IP_PREFIX_MAX]);

// The address of a key; of a /64 its first one. "" for no address.
struct ip_text ip_prefix_text(struct span key);
