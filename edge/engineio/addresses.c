#include "edge/engineio/addresses.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/mem.h"

#define SUBSCRIBER_BYTES 8 // of an IPv6 address: its first 64 bits

struct key {
    unsigned char bytes[SUBSCRIBER_BYTES];
    unsigned char len; // 4, SUBSCRIBER_BYTES, or 0 when it is no address
};

struct address {
    UT_hash_handle hh;
    struct key key;
    size_t sessions;
};

struct addresses {
    struct address *by_key;
};

static struct key key_of(struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct key key = {.len = 0};

    if (text.len == 0 || text.len >= sizeof(copy))
        return key;
    snprintf(copy, sizeof(copy), SPAN_FMT, SPAN_ARG(text));
    if (inet_pton(AF_INET, copy, key.bytes) == 1) {
        key.len = sizeof(struct in_addr);
    } else if (inet_pton(AF_INET6, copy, &v6) == 1) {
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6);
        key.len = is_v4 ? sizeof(struct in_addr) : SUBSCRIBER_BYTES;
        memcpy(key.bytes, v6.s6_addr + (is_v4 ? 12 : 0), key.len);
    }
    return key;
}

static struct address *find(const struct addresses *addresses, const struct key *key)
{
    struct address *address;

    HASH_FIND(hh, addresses->by_key, key, sizeof(*key), address);
    return address;
}

struct addresses *addresses_new(void)
{
    return mem_zalloc(sizeof(struct addresses));
}

void addresses_free(struct addresses *addresses)
{
    assert(!addresses || !addresses->by_key);
    free(addresses);
}

size_t addresses_count(const struct addresses *addresses, struct span text)
{
    struct key key = key_of(text);
    const struct address *address = find(addresses, &key);

    return address ? address->sessions : 0;
}

struct address *addresses_enter(struct addresses *addresses, struct span text)
{
    struct key key = key_of(text);
    struct address *address = find(addresses, &key);

    if (!address) {
        address = mem_zalloc(sizeof(*address));
        address->key = key;
        HASH_ADD(hh, addresses->by_key, key, sizeof(address->key), address);
    }
    address->sessions++;
    return address;
}

void addresses_leave(struct addresses *addresses, struct address *address)
{
    if (--address->sessions > 0)
        return;
    HASH_DEL(addresses->by_key, address);
    free(address);
}
