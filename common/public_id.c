#include "common/public_id.h"

#include <sodium.h>

// In base64 exactly PUBLIC_ID_LEN characters.
#define SHOWN_BYTES 15

struct public_id public_id_of(struct span secret)
{
    unsigned char hash[crypto_generichash_BYTES];
    struct public_id id;

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)secret.ptr, secret.len, NULL, 0);
    sodium_bin2base64(id.text, sizeof(id.text), hash, SHOWN_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return id;
}
