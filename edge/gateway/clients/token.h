// Verifies JSON Web Tokens (RFC 7519) and reads the identity of the bearer from them.
//
//     token_parts.c     splits a token and reads its header, before the signature is checked
//     token.c           checks the signature
//     token_claims.c    reads the claims of a token whose signature is right
//     key_ring.c        has the keys
//
// libjwt checks signatures. What libjwt 1.10 leaves out is done here: only the configured
// algorithms are accepted, each with the keys that are made for it; crit, nbf, exp, aud and iss are
// checked; a refusal has a reason.
#pragma once

#include "common/attr.h"
#include "common/gateway_file/room_types.h"
#include "common/span.h"
#include "edge/gateway/clients/identity.h"
#include "edge/gateway/clients/key_ring.h"
#include "edge/gateway/clients/token_parts.h"
#include "edge/gateway/clients/token_status.h"

#define TOKEN_MAX_BYTES      32768 // longer ones are malformed
#define TOKEN_KEYS_TRIED_MAX 8     // for one token

struct token_options {
    unsigned algorithms;        // the accepted ones, a bit set of enum token_algorithm
    struct token_keys keys;     // at the start; HS256 to HS512 need a secret
    const char *issuers;        // "iss" must be one of them (separated by commas); NULL: any
    const char *audiences;      // "aud" must name one of them; NULL: any
    uint32_t clock_tolerance_s; // for exp and nbf
    bool keep_rooms;            // copy the claim "rooms" into the identity
    bool keep_token;            // copy the token itself into the identity
};

// With a key set, a token that names a key ("kid") is verified with the keys of that id; if there
// is none, the token is refused for its signature. Keys without an id are tried for every token,
// and all keys are tried for a token without "kid".
struct token_verifier;

// Copies what `options` points to.
NODISCARD struct token_verifier *token_verifier_new(const struct token_options *options);
void token_verifier_free(struct token_verifier *verifier);

// Takes other keys in place of all that it has. Copies what `keys` points to. Returns true if a key
// is gone: there may be clients then whose token it has verified (identity.h).
bool token_verifier_replace_keys(struct token_verifier *verifier, const struct token_keys *keys);
// Whether the key that has verified the token of `identity` is still there; true if it has none.
bool token_verifier_stands_by(const struct token_verifier *verifier,
                              const struct identity *identity);

// Reads the rooms of claims by these types from now on, at first by none; borrowed. `generation` is
// that of their file, for identity.h.
void token_verifier_use_types(struct token_verifier *verifier, const struct room_types *types,
                              uint32_t generation);

// On TOKEN_OK the caller owns *identity. `now_s` is the time of day in seconds since 1970.
NODISCARD enum token_status token_verify(struct token_verifier *verifier, struct span token,
                                         int64_t now_s, struct identity **identity);
