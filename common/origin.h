// One web origin: scheme, host and port, as a browser names a page's (RFC 6454).
//
// "https://app.example", "wss://app.example:443". The schemes ws and wss are equal to http and
// https. Other schemes (capacitor://localhost, app://.) are compared as they are written. Borrows:
// the spans point into the text.
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
    uint16_t port;    // if none is named, the scheme's default; 0 for other schemes
};

// Returns NULL, or a constant text that says what is wrong with `text`.
NODISCARD const char *origin_parse(struct span text, struct origin *out);

// Parses "host" or "host:port", as in a Host header; without a port it is the family's default.
// False if the text is malformed.
NODISCARD bool origin_parse_host(struct span text, enum origin_family family, struct origin *out);

enum origin_family origin_family_of(struct span scheme);

NODISCARD bool origin_eq(const struct origin *a, const struct origin *b);

// A pattern's host begins with "*.", which stands for one label or more.
NODISCARD bool origin_is_pattern(const struct origin *origin);
// True if `origin` matches `pattern`.
NODISCARD bool origin_fits(const struct origin *origin, const struct origin *pattern);
