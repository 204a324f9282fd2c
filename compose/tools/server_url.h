// The address of a server, as a client is given it: http://host:port.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct server_url {
    char host[256];
    int port;
};

// Reads http://host[:port][/] or ws://…; an IPv6 address is in brackets. Returns NULL, or what is
// wrong.
NODISCARD const char *server_url_parse(struct span text, struct server_url *out);
