#include "edge/gateway/clients/token.h"

#include <jwt.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "edge/gateway/clients/token_claims.h"

struct token_verifier {
    struct key_ring ring;
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

static bool is_signed_with(const struct token_verifier *verifier, const struct ring_key *key,
                           jwt_t **jwt)
{
    if (jwt_decode(jwt, verifier->text.ptr, (const unsigned char *)key->bytes,
                   (int)strlen(key->bytes)) != 0)
        return false;
    if ((int)jwt_get_alg(*jwt) == token_algorithm_of_libjwt(verifier->header.algorithm))
        return true;
    jwt_free(*jwt);
    return false;
}

// A key without an id is for all tokens. A token without "kid" is tried with all keys;
// find_signer() bounds their number, since each try costs a signature check.
static bool may_have_signed(const struct ring_key *key, const struct token_header *header)
{
    struct span id = buffer_span(&header->id);

    return (key->algorithms & header->algorithm) &&
           (!key->id || id.len == 0 || span_is(id, key->id));
}

// Returns the key that has signed the token; NULL if none has.
static const struct ring_key *find_signer(const struct token_verifier *verifier, jwt_t **jwt)
{
    const struct key_ring *ring = &verifier->ring;
    unsigned tried = 0;

    for (size_t i = 0; i < ring->count && tried < TOKEN_KEYS_TRIED_MAX; i++) {
        if (!may_have_signed(&ring->keys[i], &verifier->header))
            continue;
        if (is_signed_with(verifier, &ring->keys[i], jwt))
            return &ring->keys[i];
        tried++;
    }
    return NULL;
}

// Secrets have no ids.
static bool names_unknown_key(const struct token_verifier *verifier)
{
    struct span id = buffer_span(&verifier->header.id);

    return id.len > 0 && !(verifier->header.algorithm & TOKEN_HS) &&
           !key_ring_names(&verifier->ring, id);
}

struct token_verifier *token_verifier_new(const struct token_options *options)
{
    struct token_verifier *verifier = mem_zalloc(sizeof(*verifier));

    verifier->claims = (struct token_claims){
        .issuers = mem_strdup(options->issuers),
        .audiences = mem_strdup(options->audiences),
        .clock_tolerance_s = options->clock_tolerance_s,
        .keep_rooms = options->keep_rooms,
        .keep_token = options->keep_token,
    };
    key_ring_init(&verifier->ring, options->algorithms);
    key_ring_replace(&verifier->ring, &options->keys);
    return verifier;
}

void token_verifier_free(struct token_verifier *verifier)
{
    if (!verifier)
        return;
    key_ring_fini(&verifier->ring);
    token_header_fini(&verifier->header);
    token_claims_fini(&verifier->claims);
    buffer_fini(&verifier->text);
    buffer_fini(&verifier->scratch);
    free(verifier);
}

bool token_verifier_replace_keys(struct token_verifier *verifier, const struct token_keys *keys)
{
    return key_ring_replace(&verifier->ring, keys);
}

bool token_verifier_stands_by(const struct token_verifier *verifier,
                              const struct identity *identity)
{
    return key_ring_has(&verifier->ring, identity->key);
}

void token_verifier_use_types(struct token_verifier *verifier, const struct room_types *types,
                              uint32_t generation)
{
    verifier->claims.types = types;
    verifier->claims.generation = generation;
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
        !token_header_read(&verifier->header, parts.header, verifier->ring.algorithms,
                           &verifier->scratch))
        return TOKEN_INVALID;
    if (parts.signature.len == 0)
        return explain(verifier, parts.payload, TOKEN_UNSIGNED);
    if (!verifier->header.algorithm)
        return explain(verifier, parts.payload, TOKEN_BAD_ALGORITHM);

    buffer_clear(&verifier->text);
    buffer_append(&verifier->text, token);
    const struct ring_key *signer = find_signer(verifier, &jwt);
    if (!signer)
        return explain(verifier, parts.payload,
                       names_unknown_key(verifier) ? TOKEN_UNKNOWN_KEY : TOKEN_BAD_SIGNATURE);
    enum token_status status =
        token_claims_read(&verifier->claims, jwt, buffer_span(&verifier->text), now_s, identity);
    jwt_free(jwt);
    if (status == TOKEN_OK)
        (*identity)->key = signer->number;
    return status;
}
