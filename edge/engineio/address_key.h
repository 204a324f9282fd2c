// Which addresses of clients count as one: the key under which their sessions are counted.
#pragma once

#include <netinet/in.h>

#include "common/span.h"

#define ADDRESS_KEY_MAX 8

// An address as text.
struct address_text {
    char text[INET6_ADDRSTRLEN];
};

// IPv6 addresses of one /64 have one key, for that is what a single subscriber gets at least.
// `text` as http_request.peer has it; all that are no addresses have the same key. In `out`.
struct span address_key(struct span text, unsigned char out[ADDRESS_KEY_MAX]);

// The address of a key; of a /64 its first one. "" for no address.
struct address_text address_of_key(struct span key);
