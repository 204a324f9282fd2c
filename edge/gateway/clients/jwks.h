// A JSON Web Key Set (RFC 7517): the public keys that tokens may be signed with, from a file.
//
// RSA keys serve RS256 and P-256 keys ES256. Keys for encryption, of other types and secret ones
// are passed over, and so are RSA and EC keys that cannot serve; a set without one usable key is an
// error.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

struct jwks_key {
    char *id;  // "kid"; NULL when it has none
    bool rsa;  // RS256; otherwise ES256
    char *pem; // as libjwt wants it
};

struct jwks {
    struct jwks_key *keys;
    size_t count;
};

// Reads a set from its JSON text. NULL with the reason in `error`. RSA and EC keys for signatures
// that are passed over are named in `unusable`, with the reasons and commas between them.
NODISCARD struct jwks *jwks_parse(struct span json, struct buffer *error, struct buffer *unusable);
void jwks_free(struct jwks *set);
