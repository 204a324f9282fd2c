// A JSON Web Key Set (RFC 7517): the public keys that verify the signatures of tokens.
//
// A key verifies the algorithms of its type and curve; "alg" restricts it to one of them. Keys for
// another purpose ("use", "key_ops", "alg") and keys of other types, secret ones among them, are
// ignored. Other keys that cannot be used are ignored and reported. A set without a usable key is
// an error.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"

struct jwks_key {
    char *id;            // "kid"; NULL if the key has none
    unsigned algorithms; // that it verifies, a bit set of enum token_algorithm; never empty
    char *pem;           // the format that libjwt takes
};

struct jwks {
    struct jwks_key *keys;
    size_t count;
};

// Parses a set from its JSON text. On failure returns NULL and appends the reason to `error`.
// Appends to `unusable` the ids of keys that cannot be used, each with its reason and with commas
// between them.
NODISCARD struct jwks *jwks_parse(struct span json, struct buffer *error, struct buffer *unusable);
void jwks_free(struct jwks *set);

// Whether a key of the set verifies one of these algorithms, a bit set of enum token_algorithm.
bool jwks_has_key_for(const struct jwks *set, unsigned algorithms);
