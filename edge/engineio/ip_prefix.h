// Which client addresses count as one: an IPv4 address, or the /64 of an IPv6 address.
//
// A /64 is the least that one IPv6 subscriber gets, so limits per address are kept for the whole of
// it. IPv4-mapped IPv6 addresses (::ffff:a.b.c.d) count as the IPv4 address that they hold.
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "common/span.h"

#define IP_PREFIX_MAX 8

// A value; compare and hash it by ip_prefix_key().
struct ip_prefix {
    uint8_t len; // 4 or 8; 1 for text that is no address
    unsigned char bytes[IP_PREFIX_MAX];
};

// An address as text, NUL-terminated.
struct ip_text {
    char text[INET6_ADDRSTRLEN];
};

// `text` is an address as http_request.peer has it. All texts that are no address give the same
// prefix, so that they share one limit.
struct ip_prefix ip_prefix_of(struct span text);

// The bytes of the prefix. Borrows: valid for as long as `prefix`.
struct span ip_prefix_key(const struct ip_prefix *prefix);

// The address as text; of a /64 the first address in it; "" if the prefix is of no address.
struct ip_text ip_prefix_text(const struct ip_prefix *prefix);
