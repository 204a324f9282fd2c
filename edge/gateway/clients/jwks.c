#include "edge/gateway/clients/jwks.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/clients/public_key.h"

#define P256_COORDINATE 32
#define ID_SHOWN        64
#define MODULUS_MAX     (2 * RSA_BITS_MAX / 8) // bytes; a longer modulus is not even parsed
#define KEYS_MAX        64

static struct span text_of(const struct json_doc *key, const char *name)
{
    return json_doc_text(json_doc_member(key, name));
}

// The bytes of a base64url member, appended to `out`. Some issuers write plain base64.
static bool take_bytes(const struct json_doc *key, const char *name, struct buffer *out)
{
    struct span text = text_of(key, name);

    return text.len > 0 && (base64url_decode(out, text) || base64_decode(out, text));
}

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

static BIGNUM *number_of(const struct buffer *bytes)
{
    return BN_bin2bn((const unsigned char *)bytes->ptr, (int)bytes->len, NULL);
}

static char *rsa_pem(const struct json_doc *key)
{
    struct buffer modulus = {0}, exponent = {0};
    char *pem = NULL;

    if (take_bytes(key, "n", &modulus) && take_bytes(key, "e", &exponent) &&
        modulus.len <= MODULUS_MAX && exponent.len <= 8) {
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        BIGNUM *n = number_of(&modulus), *e = number_of(&exponent);
        if (builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
            pem = make_pem("RSA", builder);
        OSSL_PARAM_BLD_free(builder);
        BN_free(n);
        BN_free(e);
    }
    buffer_fini(&modulus);
    buffer_fini(&exponent);
    return pem;
}

static char *p256_pem(const struct json_doc *key)
{
    struct buffer point = {0};
    char *pem = NULL;

    buffer_append_char(&point, 4); // uncompressed: both coordinates follow (SEC 1, 2.3.3)
    if (span_is(text_of(key, "crv"), "P-256") && take_bytes(key, "x", &point) &&
        point.len == 1 + P256_COORDINATE && take_bytes(key, "y", &point) &&
        point.len == 1 + 2 * P256_COORDINATE) {
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        if (builder &&
            OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
                1 &&
            OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.ptr,
                                             point.len) == 1)
            pem = make_pem("EC", builder);
        OSSL_PARAM_BLD_free(builder);
    }
    buffer_fini(&point);
    return pem;
}

static bool is_for_signatures(const struct json_doc *key)
{
    struct span use = text_of(key, "use");

    return use.len == 0 || span_is(use, "sig");
}

// NULL if the members are missing or do not make a key.
static char *pem_of(const struct json_doc *key, struct span type)
{
    return span_is(type, "RSA") ? rsa_pem(key) : p256_pem(key);
}

static void name_unusable(struct span id, const char *fault, struct buffer *unusable)
{
    if (unusable->len > 0)
        buffer_append(unusable, SPAN_LIT(", "));
    if (id.len > 0)
        json_string_append(unusable, (struct span){id.ptr, id.len < ID_SHOWN ? id.len : ID_SHOWN});
    else
        buffer_append(unusable, SPAN_LIT("one without kid"));
    buffer_printf(unusable, " %s", fault);
}

static bool take_key(const struct json_doc *key, struct jwks_key *out, struct buffer *unusable)
{
    struct span type = text_of(key, "kty"), id = text_of(key, "kid");
    struct buffer fault = {0};

    if (!is_for_signatures(key) || (!span_is(type, "RSA") && !span_is(type, "EC")))
        return false;
    char *pem = pem_of(key, type);
    enum public_key_kind kind = pem ? public_key_check(pem, &fault) : PUBLIC_KEY_WRONG;
    if (kind == PUBLIC_KEY_WRONG) {
        name_unusable(id, pem ? fault.ptr : "has no key that can be read", unusable);
        free(pem);
    } else {
        *out = (struct jwks_key){
            .id = id.len > 0 ? span_dup(id) : NULL, .rsa = kind == PUBLIC_KEY_RS256, .pem = pem};
    }
    buffer_fini(&fault);
    return kind != PUBLIC_KEY_WRONG;
}

static bool take_keys(struct jwks *set, const struct json_doc *list, struct buffer *unusable)
{
    const struct json_doc *key;

    for (size_t i = 0; (key = json_doc_item(list, i)) != NULL; i++)
        if (i == KEYS_MAX)
            return false;
        else if (take_key(key, &set->keys[set->count], unusable))
            set->count++;
    return true;
}

struct jwks *jwks_parse(struct span json, struct buffer *error, struct buffer *unusable)
{
    struct json_doc *doc = json_doc_parse(json);
    const struct json_doc *list = json_doc_member(doc, "keys");
    struct jwks *set = mem_zalloc(sizeof(*set));
    size_t faults = error->len;

    set->keys = mem_zalloc(KEYS_MAX * sizeof(set->keys[0]));
    if (json_doc_kind(list) != DOC_ARRAY)
        buffer_printf(error, "is no JSON object with an array \"keys\"");
    else if (!take_keys(set, list, unusable))
        buffer_printf(error, "has more than %d keys", KEYS_MAX);
    else if (set->count == 0)
        buffer_printf(error, "has no public RSA key of 2048 bits or more and no P-256 key%s%s",
                      unusable->len > 0 ? ": " : "", unusable->len > 0 ? unusable->ptr : "");
    json_doc_free(doc);
    if (error->len == faults)
        return set;
    jwks_free(set);
    return NULL;
}

void jwks_free(struct jwks *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->keys[i].id);
        free(set->keys[i].pem);
    }
    free(set->keys);
    free(set);
}
