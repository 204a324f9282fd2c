#include "edge/gateway/clients/token.h"

#include <assert.h>
#include <ctype.h>
#include <jwt.h>
#include <math.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/buffer.h"
#include "common/js_number.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/rooms/room_name.h"

#define ENDLESS_S 1e15 // seconds; an end that lies further ahead is none

static const struct {
    const char *name; // as the token's header writes it
    enum token_algorithm algorithm;
    jwt_alg_t jwt_algorithm;
} algorithms[] = {
    {"HS256", TOKEN_HS256, JWT_ALG_HS256},
    {"RS256", TOKEN_RS256, JWT_ALG_RS256},
    {"ES256", TOKEN_ES256, JWT_ALG_ES256},
};

struct key {
    enum token_algorithm algorithm;
    char *id; // the "kid" of tokens that it is for; NULL: of all
    char *bytes;
};

// What a token's header says. Nearly all tokens have the same few bytes of it, so the last is kept.
struct header {
    struct buffer text;             // as it stands in the token; empty: there was none
    enum token_algorithm algorithm; // 0: none that is accepted
    struct buffer id;               // its "kid"; empty: none
};

struct token_verifier {
    struct key *keys; // of the accepted algorithms only
    size_t key_count;
    unsigned algorithms; // of enum token_algorithm
    bool keep_rooms, keep_token;
    struct header header;
    struct buffer text; // the token with a NUL behind it, as libjwt wants it
    struct buffer decoded, user, user_json;
};

struct parts {
    struct span header, payload, signature;
};

const char *token_status_str(enum token_status status)
{
    static const char *const text[TOKEN_STATUSES] = {
        [TOKEN_OK] = "ok",
        [TOKEN_MISSING] = "No token provided",
        [TOKEN_MALFORMED] = "jwt malformed",
        [TOKEN_INVALID] = "invalid token",
        [TOKEN_UNSIGNED] = "jwt signature is required",
        [TOKEN_BAD_SIGNATURE] = "invalid signature",
        [TOKEN_BAD_ALGORITHM] = "invalid algorithm",
        [TOKEN_EXPIRED] = "jwt expired",
        [TOKEN_NOT_ACTIVE] = "jwt not active",
        [TOKEN_HALF_LOGIN] = "second factor required",
    };
    return text[status];
}

static bool split(struct span token, struct parts *parts)
{
    struct span more;

    return span_take_until(&token, '.', &parts->header) &&
           span_take_until(&token, '.', &parts->payload) &&
           span_take_until(&token, '.', &parts->signature) && !span_take_until(&token, '.', &more);
}

static bool is_base64url(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '_')
            return false;
    return true;
}

// The JSON object that a part of the token encodes, or NULL. The caller frees it.
static struct json_doc *decode_part(struct token_verifier *verifier, struct span part)
{
    struct json_doc *doc = NULL;

    buffer_clear(&verifier->decoded);
    if (is_base64url(part) && base64url_decode(&verifier->decoded, part))
        doc = json_doc_parse(buffer_span(&verifier->decoded));
    if (json_doc_kind(doc) == DOC_OBJECT)
        return doc;
    json_doc_free(doc);
    return NULL;
}

static enum token_algorithm accepted_algorithm(const struct token_verifier *verifier,
                                               struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (span_is(name, algorithms[i].name))
            return verifier->algorithms & algorithms[i].algorithm;
    return 0;
}

// False when it cannot be read.
static bool read_header(struct token_verifier *verifier, struct span text)
{
    struct header *header = &verifier->header;

    if (header->text.len > 0 && span_eq(text, buffer_span(&header->text)))
        return true;
    struct json_doc *doc = decode_part(verifier, text);
    if (!doc)
        return false;
    struct span id = json_doc_text(json_doc_member(doc, "kid"));
    header->algorithm = accepted_algorithm(verifier, json_doc_text(json_doc_member(doc, "alg")));
    buffer_clear(&header->id);
    buffer_append(&header->id, id);
    json_doc_free(doc);
    buffer_clear(&header->text);
    buffer_append(&header->text, text);
    return true;
}

static bool is_readable(struct token_verifier *verifier, struct span payload)
{
    struct json_doc *doc = decode_part(verifier, payload);

    json_doc_free(doc);
    return doc != NULL;
}

// libjwt does not say why it refuses; jsonwebtoken looks at the payload before the rest.
static enum token_status explain(struct token_verifier *verifier, struct span payload,
                                 enum token_status otherwise)
{
    return is_readable(verifier, payload) ? otherwise : TOKEN_INVALID;
}

static bool is_signed_with(const struct token_verifier *verifier, const struct key *key,
                           jwt_t **jwt)
{
    jwt_alg_t expected = JWT_ALG_NONE;

    // Without a key libjwt would take any token.
    assert(key->bytes[0] != '\0');
    if (jwt_decode(jwt, verifier->text.ptr, (const unsigned char *)key->bytes,
                   (int)strlen(key->bytes)) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (algorithms[i].algorithm == key->algorithm)
            expected = algorithms[i].jwt_algorithm;
    if (jwt_get_alg(*jwt) == expected)
        return true;
    jwt_free(*jwt);
    return false;
}

// A key that has no id is for all tokens. A token that names none is tried with all keys, so their
// number is bounded: each costs what a signature costs.
static bool may_have_signed(const struct key *key, const struct header *header)
{
    struct span id = buffer_span(&header->id);

    return key->algorithm == header->algorithm && (!key->id || id.len == 0 || span_is(id, key->id));
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

enum number_claim { NUMBER_ABSENT, NUMBER_PRESENT, NUMBER_WRONG };

static enum number_claim read_number(jwt_t *jwt, const char *name, double *out)
{
    char *json = jwt_get_grants_json(jwt, name);

    if (!json)
        return NUMBER_ABSENT;
    char *end;
    *out = strtod(json, &end);
    bool whole = end != json && *end == '\0';
    free(json);
    return whole ? NUMBER_PRESENT : NUMBER_WRONG;
}

// The rules of jsonwebtoken: both claims are optional, but numbers if they are there.
static enum token_status check_times(jwt_t *jwt, int64_t now_s, struct token_life *life)
{
    double not_before, expiry, issued;

    switch (read_number(jwt, "nbf", &not_before)) {
    case NUMBER_WRONG:
        return TOKEN_INVALID;
    case NUMBER_PRESENT:
        if (not_before > (double)now_s)
            return TOKEN_NOT_ACTIVE;
        break;
    case NUMBER_ABSENT:
        break;
    }
    switch (read_number(jwt, "exp", &expiry)) {
    case NUMBER_WRONG:
        return TOKEN_INVALID;
    case NUMBER_PRESENT:
        if ((double)now_s >= expiry)
            return TOKEN_EXPIRED;
        life->expires_at_s = expiry < ENDLESS_S ? (int64_t)ceil(expiry) : TOKEN_ENDLESS;
        break;
    case NUMBER_ABSENT:
        life->expires_at_s = TOKEN_ENDLESS;
        break;
    }
    // Nothing depends on when it was issued but when to warn of its end, so no value is wrong.
    bool dated = read_number(jwt, "iat", &issued) == NUMBER_PRESENT && fabs(issued) < ENDLESS_S;
    life->issued_at_s = dated ? (int64_t)issued : TOKEN_UNDATED;
    return TOKEN_OK;
}

static bool is_set(jwt_t *jwt, const char *name)
{
    char *json = jwt_get_grants_json(jwt, name);
    bool set = json && strcmp(json, "false") != 0 && strcmp(json, "null") != 0;

    free(json);
    return set;
}

// An integer, however it is written: 42, 42.0 and 4.2e1 are the same number.
static bool take_number_id(const char *json, struct token_verifier *verifier)
{
    char *end;
    double number = strtod(json, &end);

    if (end == json || *end != '\0' || number != floor(number))
        return false;
    if (strspn(json, "-0123456789") == strlen(json))
        buffer_append(&verifier->user, span_of(json));
    else
        js_number_append(number, &verifier->user);
    buffer_append(&verifier->user_json, buffer_span(&verifier->user));
    return true;
}

// False when the claim is there and no id.
static bool take_id(jwt_t *jwt, const char *claim, struct token_verifier *verifier)
{
    const char *text = jwt_get_grant(jwt, claim);

    if (text) {
        buffer_append(&verifier->user, span_of(text));
        json_string_append(&verifier->user_json, span_of(text));
        return true;
    }
    char *json = jwt_get_grants_json(jwt, claim);
    bool right = !json || strcmp(json, "null") == 0 || take_number_id(json, verifier);
    free(json);
    return right;
}

// The first claim that is neither absent, null nor empty.
static bool read_user(jwt_t *jwt, struct token_verifier *verifier)
{
    static const char *const claims[] = {"id", "userId", "sub"};

    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        buffer_clear(&verifier->user);
        buffer_clear(&verifier->user_json);
        if (!take_id(jwt, claims[i], verifier))
            return false;
        if (verifier->user.len > 0)
            return room_name_takes(buffer_span(&verifier->user));
    }
    return false;
}

static enum token_status read_claims(struct token_verifier *verifier, jwt_t *jwt, int64_t now_s,
                                     struct identity **identity)
{
    struct identity found = {0};
    enum token_status status = check_times(jwt, now_s, &found.life);

    if (status != TOKEN_OK)
        return status;
    if (is_set(jwt, "requires2FA"))
        return TOKEN_HALF_LOGIN;
    if (!read_user(jwt, verifier))
        return TOKEN_INVALID;

    char *rooms = verifier->keep_rooms ? jwt_get_grants_json(jwt, "rooms") : NULL;
    found.user = buffer_span(&verifier->user);
    found.user_json = buffer_span(&verifier->user_json);
    found.email = span_of(jwt_get_grant(jwt, "email"));
    found.role = span_of(jwt_get_grant(jwt, "role"));
    found.rooms_json = span_of(rooms);
    if (verifier->keep_token)
        found.token = buffer_span(&verifier->text);
    *identity = identity_new(&found);
    free(rooms);
    return TOKEN_OK;
}

static void add_key(struct token_verifier *verifier, enum token_algorithm algorithm, const char *id,
                    const char *bytes)
{
    struct key key = {algorithm, mem_strdup(id), mem_strdup(bytes)};

    assert(bytes && bytes[0] != '\0');
    verifier->keys =
        mem_realloc(verifier->keys, (verifier->key_count + 1) * sizeof(verifier->keys[0]));
    verifier->keys[verifier->key_count++] = key;
}

static void add_set(struct token_verifier *verifier, const struct jwks *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct jwks_key *key = &set->keys[i];
        enum token_algorithm algorithm = key->rsa ? TOKEN_RS256 : TOKEN_ES256;
        if (verifier->algorithms & algorithm)
            add_key(verifier, algorithm, key->id, key->pem);
    }
}

struct token_verifier *token_verifier_new(const struct token_options *options)
{
    struct token_verifier *verifier = mem_zalloc(sizeof(*verifier));

    verifier->algorithms = options->algorithms;
    verifier->keep_rooms = options->keep_rooms;
    verifier->keep_token = options->keep_token;
    if (options->algorithms & TOKEN_HS256)
        add_key(verifier, TOKEN_HS256, NULL, options->secret);
    if (options->key_set) {
        add_set(verifier, options->key_set);
        return verifier;
    }
    if (options->algorithms & TOKEN_RS256)
        add_key(verifier, TOKEN_RS256, NULL, options->public_key);
    if (options->algorithms & TOKEN_ES256)
        add_key(verifier, TOKEN_ES256, NULL, options->public_key);
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
    buffer_fini(&verifier->header.text);
    buffer_fini(&verifier->header.id);
    buffer_fini(&verifier->text);
    buffer_fini(&verifier->decoded);
    buffer_fini(&verifier->user);
    buffer_fini(&verifier->user_json);
    free(verifier);
}

enum token_status token_verify(struct token_verifier *verifier, struct span token, int64_t now_s,
                               struct identity **identity)
{
    struct parts parts;
    jwt_t *jwt;

    // In the order in which jsonwebtoken decides.
    if (token.len > TOKEN_MAX_BYTES || !split(token, &parts))
        return TOKEN_MALFORMED;
    if (!is_base64url(parts.payload) || !is_base64url(parts.signature) ||
        !read_header(verifier, parts.header))
        return TOKEN_INVALID;
    if (parts.signature.len == 0)
        return explain(verifier, parts.payload, TOKEN_UNSIGNED);
    if (!verifier->header.algorithm)
        return explain(verifier, parts.payload, TOKEN_BAD_ALGORITHM);

    buffer_clear(&verifier->text);
    buffer_append(&verifier->text, token);
    if (!is_signed(verifier, &jwt))
        return explain(verifier, parts.payload, TOKEN_BAD_SIGNATURE);
    enum token_status status = read_claims(verifier, jwt, now_s, identity);
    jwt_free(jwt);
    return status;
}
