// Whose X-Forwarded-… are believed: proxies of our own, by address or network.
//
// A proxy appends the address that it saw, so the list is read from its end: what a trusted proxy
// says is believed, and the first address that is not of a trusted proxy is the client's. What
// stands before that the client may have made up.
#pragma once

#include "common/buffer.h"
#include "edge/http/request_head.h"

struct trusted_proxies;

// `list`: addresses and networks ("10.0.0.0/8,192.0.2.7,2001:db8::/32") with commas between them;
// NULL or empty trusts nobody. NULL when one of them is none; it is put into `wrong` then, unless
// that is NULL.
NODISCARD struct trusted_proxies *trusted_proxies_new(const char *list, struct buffer *wrong);
void trusted_proxies_free(struct trusted_proxies *proxies);

// Whether this address is one of them.
bool trusted_proxies_include(const struct trusted_proxies *proxies, struct span address);

// The address of the client behind a request that `peer` sent: a part of `head`, or `peer`.
// `proxies` NULL trusts nobody. X-Forwarded-Host and X-Forwarded-Proto of a peer that is not
// trusted are struck from the head.
struct span trusted_proxies_find_client(const struct trusted_proxies *proxies,
                                        struct http_head *head, struct span peer);
