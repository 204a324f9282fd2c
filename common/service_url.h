// The addresses of HTTP services that settings name.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// Checks for http or https, a host, and perhaps a port, a path and a query. Returns NULL and
// appends the host to `host`, without the brackets of an IPv6 address; or returns a constant text
// that says what is wrong.
NODISCARD const char *http_url_check(const char *url, struct buffer *host);
// The same for the base of further addresses, "http://host:port/base", which has no query.
NODISCARD const char *service_url_check(const char *url, struct buffer *host);
