#include "edge/gateway/clients/jwks.h"

#include <openssl/bn.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/clients/public_key.h"
#include "edge/gateway/clients/public_key_pem.h"
#include "edge/gateway/clients/token_algorithm.h"

#define ID_SHOWN    64
#define MODULUS_MAX (2 * RSA_BITS_MAX / 8) // bytes; a longer modulus is not even parsed
#define KEYS_MAX    64

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
        BIGNUM *n = number_of(&modulus), *e = number_of(&exponent);
        pem = public_key_pem_of_rsa("RSA", n, e);
        BN_free(n);
        BN_free(e);
    }
    buffer_fini(&modulus);
    buffer_fini(&exponent);
    return pem;
}

static char *ec_pem(const struct json_doc *key)
{
    static const struct {
        const char *name, *of_openssl;
        size_t coordinate; // bytes
    } curves[] = {
        {"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};
    struct buffer point = {0};
    char *pem = NULL;
    size_t i = 0;

    while (i < ARRAY_LEN(curves) && !span_is(text_of(key, "crv"), curves[i].name))
        i++;
    buffer_append_char(&point, 4); // uncompressed: both coordinates follow (SEC 1, 2.3.3)
    if (i < ARRAY_LEN(curves) && take_bytes(key, "x", &point) &&
        point.len == 1 + curves[i].coordinate && take_bytes(key, "y", &point) &&
        point.len == 1 + 2 * curves[i].coordinate)
        pem = public_key_pem_of_ec(curves[i].of_openssl, buffer_span(&point));
    buffer_fini(&point);
    return pem;
}

// Of the curves for octet key pairs (RFC 8037) only Ed25519 signs and is in use.
static char *okp_pem(const struct json_doc *key)
{
    struct buffer point = {0};
    char *pem = NULL;

    if (span_is(text_of(key, "crv"), "Ed25519") && take_bytes(key, "x", &point))
        pem = public_key_pem_of_ed25519(buffer_span(&point));
    buffer_fini(&point);
    return pem;
}

static bool may_verify(const struct json_doc *operations)
{
    const struct json_doc *item;

    for (size_t i = 0; (item = json_doc_item(operations, i)) != NULL; i++)
        if (span_is(json_doc_text(item), "verify"))
            return true;
    return false;
}

// Whether the key is meant for the signatures of tokens (RFC 7517, 4.2 to 4.4).
static bool is_for_signatures(const struct json_doc *key)
{
    const struct json_doc *use = json_doc_member(key, "use");
    const struct json_doc *operations = json_doc_member(key, "key_ops");
    const struct json_doc *algorithm = json_doc_member(key, "alg");

    return (!use || span_is(json_doc_text(use), "sig")) &&
           (!operations || may_verify(operations)) &&
           (!algorithm || token_algorithm_find(json_doc_text(algorithm)));
}

typedef char *(*pem_fn)(const struct json_doc *key);

// NULL for other types. The function returns NULL if the members are missing or make no key.
static pem_fn find_type(struct span name)
{
    static const struct {
        const char *name;
        pem_fn pem_of;
    } types[] = {{"RSA", rsa_pem}, {"EC", ec_pem}, {"OKP", okp_pem}};

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (span_is(name, types[i].name))
            return types[i].pem_of;
    return NULL;
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

// The algorithms that the key verifies, which "alg" restricts to one. If there is none, returns 0,
// with the reason in `fault`.
static unsigned algorithms_of(const struct json_doc *key, const char *pem, struct buffer *fault)
{
    struct span name = text_of(key, "alg");

    if (!pem) {
        buffer_append(fault, SPAN_LIT("has no key that can be read"));
        return 0;
    }
    unsigned algorithms = public_key_algorithms(pem, fault);
    if (!algorithms || name.len == 0)
        return algorithms;
    algorithms &= token_algorithm_find(name);
    if (!algorithms)
        buffer_printf(fault, "cannot verify " SPAN_FMT, SPAN_ARG(name));
    return algorithms;
}

static bool take_key(const struct json_doc *key, struct jwks_key *out, struct buffer *unusable)
{
    pem_fn pem_of = find_type(text_of(key, "kty"));
    struct span id = text_of(key, "kid");
    struct buffer fault = {0};

    if (!pem_of || !is_for_signatures(key))
        return false;
    char *pem = pem_of(key);
    unsigned algorithms = algorithms_of(key, pem, &fault);
    if (algorithms) {
        *out = (struct jwks_key){
            .id = id.len > 0 ? span_dup(id) : NULL, .algorithms = algorithms, .pem = pem};
    } else {
        name_unusable(id, fault.ptr, unusable);
        free(pem);
    }
    buffer_fini(&fault);
    return algorithms != 0;
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
        buffer_printf(error,
                      "has no public RSA key of 2048 bits or more and none on P-256, P-384 or "
                      "P-521 that may verify tokens%s%s",
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

bool jwks_has_key_for(const struct jwks *set, unsigned algorithms)
{
    for (size_t i = 0; i < set->count; i++)
        if (algorithms & set->keys[i].algorithms)
            return true;
    return false;
}
