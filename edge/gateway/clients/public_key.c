#include "edge/gateway/clients/public_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define CURVE_NAME_MAX 64

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *memory = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = memory ? PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL) : NULL;

    BIO_free(memory);
    return key;
}

static enum public_key_kind check_rsa(const EVP_PKEY *key, struct buffer *fault)
{
    int bits = EVP_PKEY_get_bits(key);

    if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
        return PUBLIC_KEY_RS256;
    buffer_printf(fault, "is an RSA key of %d bits; RS256 wants %d to %d", bits, RSA_BITS_MIN,
                  RSA_BITS_MAX);
    return PUBLIC_KEY_WRONG;
}

static enum public_key_kind check_ec(const EVP_PKEY *key, struct buffer *fault)
{
    char curve[CURVE_NAME_MAX] = "unknown";

    if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
        strcmp(curve, "prime256v1") == 0)
        return PUBLIC_KEY_ES256;
    buffer_printf(fault, "is a key on the curve %s; ES256 wants P-256 (prime256v1)", curve);
    return PUBLIC_KEY_WRONG;
}

enum public_key_kind public_key_check(const char *pem, struct buffer *fault)
{
    enum public_key_kind kind = PUBLIC_KEY_WRONG;
    EVP_PKEY *key = read_pem(pem);

    if (!key)
        buffer_printf(fault, "is no public key that can be read");
    else if (EVP_PKEY_is_a(key, "RSA"))
        kind = check_rsa(key, fault);
    else if (EVP_PKEY_is_a(key, "EC"))
        kind = check_ec(key, fault);
    else
        buffer_printf(fault, "is neither an RSA key (RS256) nor one on the curve P-256 (ES256)");
    EVP_PKEY_free(key);
    return kind;
}
