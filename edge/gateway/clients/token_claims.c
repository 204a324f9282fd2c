#include "edge/gateway/clients/token_claims.h"

#include <jwt.h>
#include <math.h>
#include <stdlib.h>

#include "common/js_number.h"
#include "common/json_string.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/rooms/room_name.h"

#define ENDLESS_S 1e15 // seconds since 1970; a token that expires later counts as endless

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

// The rules of jsonwebtoken: nbf and exp are optional, but must be numbers if they are there.
static enum token_status check_times(jwt_t *jwt, int64_t now_s, uint32_t tolerance_s,
                                     struct token_life *life)
{
    double not_before, expiry, issued;

    switch (read_number(jwt, "nbf", &not_before)) {
    case NUMBER_WRONG:
        return TOKEN_INVALID;
    case NUMBER_PRESENT:
        if (not_before > (double)(now_s + tolerance_s))
            return TOKEN_NOT_ACTIVE;
        break;
    case NUMBER_ABSENT:
        break;
    }
    switch (read_number(jwt, "exp", &expiry)) {
    case NUMBER_WRONG:
        return TOKEN_INVALID;
    case NUMBER_PRESENT:
        if ((double)now_s >= expiry + tolerance_s)
            return TOKEN_EXPIRED;
        life->expires_at_s =
            expiry < ENDLESS_S ? (int64_t)ceil(expiry) + tolerance_s : TOKEN_ENDLESS;
        break;
    case NUMBER_ABSENT:
        life->expires_at_s = TOKEN_ENDLESS;
        break;
    }
    // A bad iat counts as none: the warning comes as for a token of unknown age, and a revocation
    // covers the token.
    bool dated = read_number(jwt, "iat", &issued) == NUMBER_PRESENT && fabs(issued) < ENDLESS_S;
    life->issued_at_s = dated ? (int64_t)issued : TOKEN_UNDATED;
    return TOKEN_OK;
}

static bool is_listed(const char *list, struct span name)
{
    struct span rest = span_of(list), entry;

    while (span_take_until(&rest, ',', &entry)) {
        entry = span_trim(entry);
        if (entry.len > 0 && span_eq(entry, name))
            return true;
    }
    return false;
}

// "aud" is a text or a list of texts (RFC 7519, 4.1.3).
static bool is_for(jwt_t *jwt, const char *audiences)
{
    char *json = jwt_get_grants_json(jwt, "aud");
    struct json_doc *doc = json_doc_parse(span_of(json));
    bool meant = is_listed(audiences, json_doc_text(doc));
    const struct json_doc *item;

    for (size_t i = 0; !meant && (item = json_doc_item(doc, i)) != NULL; i++)
        meant = is_listed(audiences, json_doc_text(item));
    json_doc_free(doc);
    free(json);
    return meant;
}

static enum token_status check_parties(jwt_t *jwt, const struct token_claims *claims)
{
    if (claims->audiences && !is_for(jwt, claims->audiences))
        return TOKEN_BAD_AUDIENCE;
    if (claims->issuers && !is_listed(claims->issuers, span_of(jwt_get_grant(jwt, "iss"))))
        return TOKEN_BAD_ISSUER;
    return TOKEN_OK;
}

static bool is_set(jwt_t *jwt, const char *name)
{
    char *json = jwt_get_grants_json(jwt, name);
    bool set = json && strcmp(json, "false") != 0 && strcmp(json, "null") != 0;

    free(json);
    return set;
}

// Takes an integer in any notation: 42, 42.0 and 4.2e1 are the same id.
static bool take_number_id(const char *json, struct token_claims *claims)
{
    char *end;
    double number = strtod(json, &end);

    if (end == json || *end != '\0' || number != floor(number))
        return false;
    if (strspn(json, "-0123456789") == strlen(json))
        buffer_append(&claims->user, span_of(json));
    else
        js_number_append(number, &claims->user);
    buffer_append(&claims->user_json, buffer_span(&claims->user));
    return true;
}

// Leaves the id empty if the claim is absent, null or "". False if it has another type.
static bool take_id(jwt_t *jwt, const char *claim, struct token_claims *claims)
{
    const char *text = jwt_get_grant(jwt, claim);

    if (text) {
        buffer_append(&claims->user, span_of(text));
        json_string_append(&claims->user_json, span_of(text));
        return true;
    }
    char *json = jwt_get_grants_json(jwt, claim);
    bool right = !json || strcmp(json, "null") == 0 || take_number_id(json, claims);
    free(json);
    return right;
}

// Reads the id from the first of the claims that is neither absent, null nor empty.
static bool read_user(jwt_t *jwt, struct token_claims *claims)
{
    static const char *const names[] = {"id", "userId", "sub"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        buffer_clear(&claims->user);
        buffer_clear(&claims->user_json);
        if (!take_id(jwt, names[i], claims))
            return false;
        if (claims->user.len > 0)
            return room_name_takes(buffer_span(&claims->user));
    }
    return false;
}

static void read_rooms(jwt_t *jwt, struct token_claims *claims)
{
    token_rooms_clear(&claims->rooms);
    for (size_t i = 0; claims->types && i < claims->types->count; i++) {
        const struct room_type *type = &claims->types->items[i];
        char *json = type->claim ? jwt_get_grants_json(jwt, type->claim) : NULL;

        if (json)
            token_rooms_add(&claims->rooms, type, span_of(json));
        free(json);
    }
}

enum token_status token_claims_read(struct token_claims *claims, jwt_t *jwt, struct span token,
                                    int64_t now_s, struct identity **identity)
{
    struct identity found = {0};
    enum token_status status = check_times(jwt, now_s, claims->clock_tolerance_s, &found.life);

    if (status == TOKEN_OK)
        status = check_parties(jwt, claims);
    if (status != TOKEN_OK)
        return status;
    if (is_set(jwt, "requires2FA"))
        return TOKEN_HALF_LOGIN;
    if (!read_user(jwt, claims))
        return TOKEN_INVALID;

    read_rooms(jwt, claims);
    char *rooms = claims->keep_rooms ? jwt_get_grants_json(jwt, "rooms") : NULL;
    found.user = buffer_span(&claims->user);
    found.user_json = buffer_span(&claims->user_json);
    found.email = span_of(jwt_get_grant(jwt, "email"));
    found.role = span_of(jwt_get_grant(jwt, "role"));
    found.rooms_json = span_of(rooms);
    found.enters = buffer_span(&claims->rooms.names);
    found.generation = claims->generation;
    found.rooms_left_out = claims->rooms.left_out;
    if (claims->keep_token)
        found.token = token;
    *identity = identity_new(&found);
    free(rooms);
    return TOKEN_OK;
}

void token_claims_fini(struct token_claims *claims)
{
    free(claims->issuers);
    free(claims->audiences);
    buffer_fini(&claims->user);
    buffer_fini(&claims->user_json);
    buffer_fini(&claims->rooms.names);
}
