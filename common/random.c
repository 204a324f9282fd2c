#include "common/random.h"

#include <sodium.h>

void random_id(char out[RANDOM_ID_LEN + 1])
{
    unsigned char bits[16];

    randombytes_buf(bits, sizeof(bits));
    sodium_bin2base64(out, RANDOM_ID_LEN + 1, bits, sizeof(bits),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

uint32_t random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}
