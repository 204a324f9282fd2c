// Where a server is: http://host:port, as a client is told it.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct server_url {
    char host[256];
    int port;
};

// Reads http://host[:port][/] or ws://…; an IPv6 address stands in brackets. Returns what is
// wrong, or NULL.
NODISCARD const char *server_url_parse(struct span text, struct server_url *out);
