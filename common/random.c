#include "common/random.h"

#include <sodium.h>
#include <string.h>

#define ID_BITS_LEN 16
#define POOL_IDS    64

// One system call fills the pool for many ids. The bits of an id are wiped from it when they are
// handed out.
static void draw_bits(unsigned char out[ID_BITS_LEN])
{
    static unsigned char pool[POOL_IDS * ID_BITS_LEN];
    static size_t left;

    if (left == 0) {
        randombytes_buf(pool, sizeof(pool));
        left = POOL_IDS;
    }
    unsigned char *bits = pool + --left * ID_BITS_LEN;
    memcpy(out, bits, ID_BITS_LEN);
    sodium_memzero(bits, ID_BITS_LEN);
}

void random_id(char out[RANDOM_ID_LEN + 1])
{
    unsigned char bits[ID_BITS_LEN];

    draw_bits(bits);
    sodium_bin2base64(out, RANDOM_ID_LEN + 1, bits, sizeof(bits),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bits, sizeof(bits));
}

uint32_t random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}
