#include "edge/http/trusted_proxies.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

#define V4_PREFIX_BITS 96 // IPv4 addresses are kept as IPv4-mapped IPv6 addresses

struct network {
    struct in6_addr address;
    unsigned bits;
};

struct trusted_proxies {
    struct network *networks;
    size_t count;
};

// `base` is the number of bits before an address of this family: 96 for IPv4, 0 for IPv6.
static bool parse_address(struct span text, struct in6_addr *out, unsigned *base)
{
    static const struct in6_addr mapped = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}};
    char copy[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
        return false;
    snprintf(copy, sizeof(copy), SPAN_FMT, SPAN_ARG(text));
    *out = mapped;
    *base = V4_PREFIX_BITS;
    if (inet_pton(AF_INET, copy, &out->s6_addr[12]) == 1)
        return true;
    *base = 0;
    return inet_pton(AF_INET6, copy, out) == 1;
}

static bool parse_bits(struct span text, unsigned max, unsigned *bits)
{
    uint64_t n;

    if (!span_take_uint(&text, max, &n) || text.len > 0)
        return false;
    *bits = (unsigned)n;
    return true;
}

static bool parse_network(struct span text, struct network *out)
{
    struct span address;
    unsigned base;

    if (!span_take_until(&text, '/', &address) || !parse_address(address, &out->address, &base))
        return false;
    out->bits = 128 - base;
    if (text.ptr && !parse_bits(text, 128 - base, &out->bits))
        return false;
    out->bits += base;
    return true;
}

struct trusted_proxies *trusted_proxies_new(const char *list, struct buffer *wrong)
{
    struct trusted_proxies *proxies = mem_zalloc(sizeof(*proxies));
    struct span rest = span_of(list), one;

    while (span_take_until(&rest, ',', &one)) {
        struct network network;
        one = span_trim(one);
        if (one.len == 0)
            continue;
        if (!parse_network(one, &network)) {
            if (wrong)
                buffer_append(wrong, one);
            trusted_proxies_free(proxies);
            return NULL;
        }
        proxies->networks = mem_realloc(proxies->networks, (proxies->count + 1) * sizeof(network));
        proxies->networks[proxies->count++] = network;
    }
    return proxies;
}

void trusted_proxies_free(struct trusted_proxies *proxies)
{
    if (!proxies)
        return;
    free(proxies->networks);
    free(proxies);
}

static bool is_within(const struct in6_addr *address, const struct network *network)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);

    return memcmp(address->s6_addr, network->address.s6_addr, whole) == 0 &&
           (rest == 0 || ((address->s6_addr[whole] ^ network->address.s6_addr[whole]) & mask) == 0);
}

static bool is_trusted(const struct trusted_proxies *proxies, struct span text)
{
    struct in6_addr address;
    unsigned base;

    if (!parse_address(text, &address, &base))
        return false;
    for (size_t i = 0; i < proxies->count; i++)
        if (is_within(&address, &proxies->networks[i]))
            return true;
    return false;
}

bool trusted_proxies_include(const struct trusted_proxies *proxies, struct span address)
{
    return proxies && is_trusted(proxies, address);
}

static struct span take_last(struct span *list)
{
    const char *comma = list->len > 0 ? memrchr(list->ptr, ',', list->len) : NULL;
    size_t at = comma ? (size_t)(comma - list->ptr) : 0;
    struct span last = span_skip(*list, comma ? at + 1 : 0);

    list->len = at;
    return span_trim(last);
}

static bool is_port(struct span text)
{
    unsigned port;

    return parse_bits(text, UINT16_MAX, &port);
}

// Some proxies write the client's port as well: 203.0.113.7:51008, [2001:db8::1]:443. A colon alone
// does not mean a port: IPv6 addresses contain colons too.
static struct span without_port(struct span said)
{
    const char *colon = said.len > 0 ? memrchr(said.ptr, ':', said.len) : NULL;
    struct span host = {said.ptr, colon ? (size_t)(colon - said.ptr) : said.len};
    bool has_port = colon && is_port(span_skip(said, host.len + 1));

    if (said.len > 1 && said.ptr[0] == '[') {
        struct span bracketed = has_port && colon[-1] == ']' ? host : said;
        return bracketed.ptr[bracketed.len - 1] == ']'
                   ? (struct span){said.ptr + 1, bracketed.len - 2}
                   : said;
    }
    return has_port && !memchr(host.ptr, ':', host.len) ? host : said;
}

// Reads one X-Forwarded-For header from its end. False when `client` is final.
static bool follow(const struct trusted_proxies *proxies, struct span header, struct span *client)
{
    while (header.len > 0) {
        struct in6_addr address;
        unsigned base;
        struct span said = without_port(take_last(&header));
        if (!parse_address(said, &address, &base))
            return false; // no address: the proxy that wrote it is all that is known
        *client = said;
        if (!is_trusted(proxies, said))
            return false;
    }
    return true;
}

static void strike_forwarding(struct http_head *head)
{
    size_t kept = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        struct span name = head->headers[i].name;
        if (!span_eq_nocase(name, SPAN_LIT("X-Forwarded-Host")) &&
            !span_eq_nocase(name, SPAN_LIT("X-Forwarded-Proto")))
            head->headers[kept++] = head->headers[i];
    }
    head->header_count = kept;
}

struct span trusted_proxies_find_client(const struct trusted_proxies *proxies,
                                        struct http_head *head, struct span peer)
{
    struct span client = peer;

    if (!trusted_proxies_include(proxies, peer)) {
        strike_forwarding(head);
        return peer;
    }
    for (size_t i = head->header_count; i > 0; i--) {
        const struct http_header *header = &head->headers[i - 1];
        if (span_eq_nocase(header->name, SPAN_LIT("X-Forwarded-For")) &&
            !follow(proxies, header->value, &client))
            break;
    }
    return client;
}
