#include "common/hash.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
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

unsigned hash_keyed(const void *bytes, size_t len)
{
    unsigned char out[crypto_shorthash_BYTES];
    unsigned hash;

    crypto_shorthash(out, bytes, len, process_key());
    memcpy(&hash, out, sizeof(hash));
    return hash;
}
