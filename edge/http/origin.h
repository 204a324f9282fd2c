// One web origin: scheme, host and port, as a browser names a page's (RFC 6454).
//
// "https://app.example", "wss://app.example:443". Of http and https the WebSocket schemes are
// relatives: they mean the same place. Other schemes (capacitor://localhost, app://.) are taken as
// they are written. Borrows: the spans point into the text.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum origin_family {
    ORIGIN_FAMILY_OTHER = 0,
    ORIGIN_FAMILY_HTTP,  // http, ws
    ORIGIN_FAMILY_HTTPS, // https, wss
};

struct origin {
    enum origin_family family;
    struct span scheme;
    struct span host; // in brackets if it is an IPv6 address
    uint16_t port;    // the scheme's own if none is named; 0 of other schemes that name none
};

// NULL, or what is wrong with it.
NODISCARD const char *origin_parse(struct span text, struct origin *out);

// "host" or "host:port", as in a Host header; `port` is that of the family if none is named.
NODISCARD bool origin_parse_host(struct span text, enum origin_family family, struct origin *out);

enum origin_family origin_family_of(struct span scheme);

NODISCARD bool origin_eq(const struct origin *a, const struct origin *b);

// A pattern's host begins with "*.", which stands for one label or more.
NODISCARD bool origin_is_pattern(const struct origin *origin);
NODISCARD bool origin_fits(const struct origin *origin, const struct origin *pattern);
