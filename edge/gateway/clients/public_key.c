#include "edge/gateway/clients/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "edge/gateway/clients/public_key_pem.h"
#include "edge/gateway/clients/token_algorithm.h"

#define CURVE_NAME_MAX 64

static EVP_PKEY *read_pem(const char *pem)
{
    BIO *memory = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = memory ? PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL) : NULL;

    BIO_free(memory);
    return key;
}

static unsigned check_rsa(const EVP_PKEY *key, unsigned algorithms, struct buffer *fault)
{
    int bits = EVP_PKEY_get_bits(key);

    if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
        return algorithms;
    buffer_printf(fault, "is an RSA key of %d bits; tokens want %d to %d", bits, RSA_BITS_MIN,
                  RSA_BITS_MAX);
    return 0;
}

static unsigned check_ec(const EVP_PKEY *key, struct buffer *fault)
{
    static const struct {
        const char *curve;
        enum token_algorithm algorithm;
    } known[] = {
        {"prime256v1", TOKEN_ES256}, {"secp384r1", TOKEN_ES384}, {"secp521r1", TOKEN_ES512}};
    char curve[CURVE_NAME_MAX] = "unknown";

    if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1)
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            if (strcmp(curve, known[i].curve) == 0)
                return known[i].algorithm;
    buffer_printf(fault, "is a key on the curve %s; ES256 wants P-256, ES384 P-384 and ES512 P-521",
                  curve);
    return 0;
}

unsigned public_key_algorithms(const char *pem, struct buffer *fault)
{
    unsigned available = token_algorithms_available(), algorithms = 0;
    size_t faults = fault->len;
    EVP_PKEY *key = read_pem(pem);

    if (!key)
        buffer_printf(fault, "is no public key that can be read");
    else if (EVP_PKEY_is_a(key, "RSA"))
        algorithms = check_rsa(key, TOKEN_RS | TOKEN_PS, fault);
    else if (EVP_PKEY_is_a(key, "RSA-PSS") && (available & TOKEN_PS))
        algorithms = check_rsa(key, TOKEN_PS, fault);
    else if (EVP_PKEY_is_a(key, "EC"))
        algorithms = check_ec(key, fault);
    else if (EVP_PKEY_is_a(key, "ED25519"))
        algorithms = TOKEN_EDDSA;
    algorithms &= available;
    if (!algorithms && fault->len == faults)
        buffer_printf(fault, "is neither an RSA key (RS256, RS384, RS512) nor one on the curve "
                             "P-256, P-384 or P-521 (ES256, ES384, ES512)");
    EVP_PKEY_free(key);
    return algorithms;
}

void public_key_describe(const char *pem, unsigned algorithms, struct buffer *out)
{
    char curve[CURVE_NAME_MAX];
    EVP_PKEY *key = read_pem(pem);

    buffer_append(out, SPAN_LIT("a key for "));
    token_algorithms_print(algorithms, out);
    if (key && EVP_PKEY_is_a(key, "EC") &&
        EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1)
        buffer_printf(out, " on the curve %s", curve);
    EVP_PKEY_free(key);
}

char *public_key_for_pss(const char *pem)
{
    EVP_PKEY *key = read_pem(pem);
    BIGNUM *n = NULL, *e = NULL;
    char *converted = NULL;

    if (key && EVP_PKEY_is_a(key, "RSA") &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
        converted = public_key_pem_of_rsa("RSA-PSS", n, e);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(key);
    return converted;
}
