// The proxies whose X-Forwarded-… headers are believed, by address or network.
//
// Each proxy appends the address that it saw to X-Forwarded-For, so the list is read from its end.
// The first address that is not a trusted proxy's is the client's; the client may have made up
// whatever stands before that.
#pragma once

#include "common/buffer.h"
#include "edge/http/request_head.h"

struct trusted_proxies;

// `list`: addresses and networks ("10.0.0.0/8,192.0.2.7,2001:db8::/32") with commas between them;
// NULL or empty trusts nobody. Returns NULL if an entry is malformed, and appends that entry to
// `wrong` unless that is NULL.
NODISCARD struct trusted_proxies *trusted_proxies_new(const char *list, struct buffer *wrong);
void trusted_proxies_free(struct trusted_proxies *proxies);

// True if the address is a trusted proxy's. `proxies` may be NULL, which trusts nobody.
bool trusted_proxies_include(const struct trusted_proxies *proxies, struct span address);

// The address of the client behind a request that came from `peer`: a part of `head`, or `peer`.
// `proxies` may be NULL. Removes X-Forwarded-Host and X-Forwarded-Proto from the head if the peer
// is not trusted.
struct span trusted_proxies_find_client(const struct trusted_proxies *proxies,
                                        struct http_head *head, struct span peer);
