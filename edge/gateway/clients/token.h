// JSON Web Tokens: from a token to who its bearer is.
//
//     token_parts.c     what stands in a token, before anything is known of it
//     token.c           whether one of the keys has signed it
//     token_claims.c    what it says then
//
// libjwt checks signatures. What libjwt 1.10 leaves out is done here: only the configured
// algorithms count, each with the key that belongs to it; nbf and exp are checked; a refusal says
// why.
#pragma once

#include "common/attr.h"
#include "common/span.h"
#include "edge/gateway/clients/identity.h"
#include "edge/gateway/clients/jwks.h"
#include "edge/gateway/clients/token_parts.h"
#include "edge/gateway/clients/token_status.h"

#define TOKEN_MAX_BYTES      32768 // longer ones are malformed
#define TOKEN_KEYS_TRIED_MAX 8     // on one token

struct token_options {
    unsigned algorithms;        // the only ones that are accepted, of enum token_algorithm
    const char *secret;         // for HS256; not empty then
    const char *public_key;     // PEM, for RS256 and ES256; NULL when there is a set
    const struct jwks *key_set; // for RS256 and ES256, see below; NULL when there is none
    bool keep_rooms;            // whether the claim "rooms" goes into the identity
    bool keep_token;            // whether the token itself does
};

// Of a set, a token that names a key ("kid") is judged by the keys of that id; if there is none,
// its signature is wrong. Keys without an id judge every token, and a token without one is judged
// by all.
struct token_verifier;

// Copies what `options` points to.
NODISCARD struct token_verifier *token_verifier_new(const struct token_options *options);
void token_verifier_free(struct token_verifier *verifier);

// On TOKEN_OK the caller owns *identity. `now_s` is the time of day in seconds since 1970.
NODISCARD enum token_status token_verify(struct token_verifier *verifier, struct span token,
                                         int64_t now_s, struct identity **identity);
