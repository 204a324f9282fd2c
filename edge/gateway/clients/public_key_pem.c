#include "edge/gateway/clients/public_key_pem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

static char *print_pem(EVP_PKEY *key)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes, *pem = NULL;

    if (memory && PEM_write_bio_PUBKEY(memory, key) == 1) {
        long len = BIO_get_mem_data(memory, &bytes);
        pem = span_dup((struct span){bytes, (size_t)len});
    }
    BIO_free(memory);
    return pem;
}

static char *make_pem(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    char *pem = NULL;

    if (params && context && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1)
        pem = print_pem(key);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return pem;
}

char *public_key_pem_of_rsa(const char *type, const BIGNUM *modulus, const BIGNUM *exponent)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    char *pem = NULL;

    if (builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        pem = make_pem(type, builder);
    OSSL_PARAM_BLD_free(builder);
    return pem;
}

static bool push_point(OSSL_PARAM_BLD *builder, struct span point)
{
    return OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.ptr,
                                            point.len) == 1;
}

char *public_key_pem_of_ec(const char *curve, struct span point)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    char *pem = NULL;

    if (builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
        push_point(builder, point))
        pem = make_pem("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return pem;
}

char *public_key_pem_of_ed25519(struct span point)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    char *pem = builder && push_point(builder, point) ? make_pem("ED25519", builder) : NULL;

    OSSL_PARAM_BLD_free(builder);
    return pem;
}
