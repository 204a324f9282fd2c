// The address of an HTTP service that a setting names: "http://host:port/base".
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// NULL, or what is wrong with it. Right is "http" or "https", a host, and perhaps a port and a
// path; the host is put into `host` then, without the brackets of an IPv6 address.
NODISCARD const char *service_url_check(const char *url, struct buffer *host);
