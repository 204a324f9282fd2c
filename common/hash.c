#include "common/hash.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

static const unsigned char *process_key(void)
{
    static unsigned char key[crypto_shorthash_KEYBYTES];
    static bool drawn;

    if (!drawn) {
        randombytes_buf(key, sizeof(key));
        drawn = true;
    }
    return key;
}

uint64_t hash_keyed_64(const void *bytes, size_t len)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t hash;

    static_assert(sizeof(out) == sizeof(hash), "SipHash has 64 bits");
    crypto_shorthash(out, bytes, len, process_key());
    memcpy(&hash, out, sizeof(hash));
    return hash;
}

unsigned hash_keyed(const void *bytes, size_t len)
{
    return (unsigned)hash_keyed_64(bytes, len);
}
