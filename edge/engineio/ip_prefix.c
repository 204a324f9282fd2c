#include "edge/engineio/ip_prefix.h"

#include <arpa/inet.h>
#include <stdio.h>

#define IPV4_BYTES    4
#define IPV6_64_BYTES 8
#define NONE_BYTES    1 // differs from the length of every address

static struct ip_prefix prefix_of_v6(const struct in6_addr *address)
{
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);
    struct ip_prefix prefix = {.len = is_v4 ? IPV4_BYTES : IPV6_64_BYTES};

    memcpy(prefix.bytes, address->s6_addr + (is_v4 ? 12 : 0), prefix.len);
    return prefix;
}

struct ip_prefix ip_prefix_of(struct span text)
{
    struct ip_prefix prefix = {.len = IPV4_BYTES};
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr v6;

    if (text.len > 0 && text.len < sizeof(copy)) {
        snprintf(copy, sizeof(copy), SPAN_FMT, SPAN_ARG(text));
        if (inet_pton(AF_INET, copy, prefix.bytes) == 1)
            return prefix;
        if (inet_pton(AF_INET6, copy, &v6) == 1)
            return prefix_of_v6(&v6);
    }
    return (struct ip_prefix){.len = NONE_BYTES};
}

struct span ip_prefix_key(const struct ip_prefix *prefix)
{
    return (struct span){(const char *)prefix->bytes, prefix->len};
}

struct ip_text ip_prefix_text(const struct ip_prefix *prefix)
{
    struct in6_addr v6 = {0};
    struct ip_text out = {""};

    if (prefix->len == IPV4_BYTES) {
        inet_ntop(AF_INET, prefix->bytes, out.text, sizeof(out.text));
    } else if (prefix->len == IPV6_64_BYTES) {
        memcpy(&v6, prefix->bytes, prefix->len);
        inet_ntop(AF_INET6, &v6, out.text, sizeof(out.text));
    }
    return out;
}
