#include "edge/engineio/ip_prefix.h"

#include <arpa/inet.h>
#include <stdio.h>

#define IPV4_BYTES       4
#define SUBSCRIBER_BYTES 8 // of an IPv6 address: its first 64 bits

static struct span key_of_v6(const struct in6_addr *address, unsigned char *out)
{
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);
    size_t len = is_v4 ? IPV4_BYTES : SUBSCRIBER_BYTES;

    memcpy(out, address->s6_addr + (is_v4 ? 12 : 0), len);
    return (struct span){(char *)out, len};
}

struct ip_text ip_prefix_text(struct span key)
{
    struct in6_addr v6 = {0};
    struct ip_text out = {""};

    if (key.len == IPV4_BYTES) {
        inet_ntop(AF_INET, key.ptr, out.text, sizeof(out.text));
    } else if (key.len == SUBSCRIBER_BYTES) {
        memcpy(&v6, key.ptr, key.len);
        inet_ntop(AF_INET6, &v6, out.text, sizeof(out.text));
    }
    return out;
}

struct span ip_prefix_of(struct span text, unsigned char out[IP_PREFIX_MAX])
{
    static const char none[] = "";
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr v6;

    if (text.len > 0 && text.len < sizeof(copy)) {
        snprintf(copy, sizeof(copy), SPAN_FMT, SPAN_ARG(text));
        if (inet_pton(AF_INET, copy, out) == 1)
            return (struct span){(char *)out, IPV4_BYTES};
        if (inet_pton(AF_INET6, copy, &v6) == 1)
            return key_of_v6(&v6, out);
    }
    return (struct span){none, 1}; // no address has one byte
}
