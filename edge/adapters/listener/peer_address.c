#include "edge/adapters/listener/peer_address.h"

#include <arpa/inet.h>

struct span peer_address_print(const struct sockaddr *address, char *out, size_t size)
{
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;

    if (!inet_ntop(address->sa_family, bytes, out, (socklen_t)size))
        return SPAN_LIT("unknown");
    return span_of(out);
}
