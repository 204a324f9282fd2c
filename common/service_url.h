// The address of an HTTP service that a setting names: "http://host:port/base".
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// Checks for http or https, a host, and perhaps a port and a path. Returns NULL and appends the
// host to `host`, without the brackets of an IPv6 address; or returns a constant text that says
// what is wrong.
NODISCARD const char *service_url_check(const char *url, struct buffer *host);
