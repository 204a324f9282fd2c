#include "edge/gateway/clients/token.h"

#include <assert.h>
#include <jwt.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/gateway/clients/public_key.h"
#include "edge/gateway/clients/token_claims.h"

struct key {
    unsigned algorithms; // that it verifies: accepted ones, of enum token_algorithm
    char *id;            // "kid"; NULL: for all tokens
    char *bytes;
};

struct token_verifier {
    struct key *keys;
    size_t key_count;
    unsigned algorithms; // of enum token_algorithm
    struct token_header header;
    struct token_claims claims;
    struct buffer text; // the token with a NUL behind it, for libjwt
    struct buffer scratch;
};

// libjwt gives no reason for a refusal. jsonwebtoken, whose reasons clients know, checks the
// payload first: a payload that is not an object is TOKEN_INVALID, whatever else is wrong.
static enum token_status explain(struct token_verifier *verifier, struct span payload,
                                 enum token_status otherwise)
{
    return token_part_is_object(payload, &verifier->scratch) ? otherwise : TOKEN_INVALID;
}

static bool is_signed_with(const struct token_verifier *verifier, const struct key *key,
                           jwt_t **jwt)
{
    // With an empty key libjwt would accept any token.
    assert(key->bytes[0] != '\0');
    if (jwt_decode(jwt, verifier->text.ptr, (const unsigned char *)key->bytes,
                   (int)strlen(key->bytes)) != 0)
        return false;
    if ((int)jwt_get_alg(*jwt) == token_algorithm_of_libjwt(verifier->header.algorithm))
        return true;
    jwt_free(*jwt);
    return false;
}

// A key without an id is for all tokens. A token without "kid" is tried with all keys; is_signed()
// bounds their number, since each try costs a signature check.
static bool may_have_signed(const struct key *key, const struct token_header *header)
{
    struct span id = buffer_span(&header->id);

    return (key->algorithms & header->algorithm) &&
           (!key->id || id.len == 0 || span_is(id, key->id));
}

static bool is_signed(const struct token_verifier *verifier, jwt_t **jwt)
{
    unsigned tried = 0;

    for (size_t i = 0; i < verifier->key_count && tried < TOKEN_KEYS_TRIED_MAX; i++) {
        if (!may_have_signed(&verifier->keys[i], &verifier->header))
            continue;
        if (is_signed_with(verifier, &verifier->keys[i], jwt))
            return true;
        tried++;
    }
    return false;
}

static void add_key(struct token_verifier *verifier, unsigned algorithms, const char *id,
                    const char *bytes)
{
    struct key key = {algorithms & verifier->algorithms, mem_strdup(id), mem_strdup(bytes)};

    assert(bytes && bytes[0] != '\0');
    verifier->keys =
        mem_realloc(verifier->keys, (verifier->key_count + 1) * sizeof(verifier->keys[0]));
    verifier->keys[verifier->key_count++] = key;
}

static void add_public_key(struct token_verifier *verifier, unsigned algorithms, const char *id,
                           const char *pem)
{
    char *for_pss = algorithms & verifier->algorithms & TOKEN_PS ? public_key_for_pss(pem) : NULL;

    if (for_pss) {
        add_key(verifier, algorithms & TOKEN_PS, id, for_pss);
        algorithms &= ~(unsigned)TOKEN_PS;
    }
    if (algorithms & verifier->algorithms)
        add_key(verifier, algorithms, id, pem);
    free(for_pss);
}

static void add_pem(struct token_verifier *verifier, const char *pem)
{
    struct buffer fault = {0};

    add_public_key(verifier, public_key_algorithms(pem, &fault), NULL, pem);
    buffer_fini(&fault);
}

static void add_set(struct token_verifier *verifier, const struct jwks *set)
{
    for (size_t i = 0; i < set->count; i++)
        add_public_key(verifier, set->keys[i].algorithms, set->keys[i].id, set->keys[i].pem);
}

struct token_verifier *token_verifier_new(const struct token_options *options)
{
    struct token_verifier *verifier = mem_zalloc(sizeof(*verifier));

    verifier->algorithms = options->algorithms;
    verifier->claims = (struct token_claims){
        .issuers = mem_strdup(options->issuers),
        .audiences = mem_strdup(options->audiences),
        .clock_tolerance_s = options->clock_tolerance_s,
        .keep_rooms = options->keep_rooms,
        .keep_token = options->keep_token,
    };
    if (options->algorithms & TOKEN_HS)
        add_key(verifier, TOKEN_HS, NULL, options->secret);
    if ((options->algorithms & TOKEN_HS) && options->previous_secret)
        add_key(verifier, TOKEN_HS, NULL, options->previous_secret);
    if (options->key_set)
        add_set(verifier, options->key_set);
    else if (options->public_key)
        add_pem(verifier, options->public_key);
    return verifier;
}

void token_verifier_free(struct token_verifier *verifier)
{
    if (!verifier)
        return;
    for (size_t i = 0; i < verifier->key_count; i++) {
        free(verifier->keys[i].id);
        free(verifier->keys[i].bytes);
    }
    free(verifier->keys);
    token_header_fini(&verifier->header);
    token_claims_fini(&verifier->claims);
    buffer_fini(&verifier->text);
    buffer_fini(&verifier->scratch);
    free(verifier);
}

enum token_status token_verify(struct token_verifier *verifier, struct span token, int64_t now_s,
                               struct identity **identity)
{
    struct token_parts parts;
    jwt_t *jwt;

    // The checks are in the order of jsonwebtoken, so that the reasons are the same.
    if (token.len > TOKEN_MAX_BYTES || !token_split(token, &parts))
        return TOKEN_MALFORMED;
    if (!token_part_is_base64url(parts.payload) || !token_part_is_base64url(parts.signature) ||
        !token_header_read(&verifier->header, parts.header, verifier->algorithms,
                           &verifier->scratch))
        return TOKEN_INVALID;
    if (parts.signature.len == 0)
        return explain(verifier, parts.payload, TOKEN_UNSIGNED);
    if (!verifier->header.algorithm)
        return explain(verifier, parts.payload, TOKEN_BAD_ALGORITHM);

    buffer_clear(&verifier->text);
    buffer_append(&verifier->text, token);
    if (!is_signed(verifier, &jwt))
        return explain(verifier, parts.payload, TOKEN_BAD_SIGNATURE);
    enum token_status status =
        token_claims_read(&verifier->claims, jwt, buffer_span(&verifier->text), now_s, identity);
    jwt_free(jwt);
    return status;
}
