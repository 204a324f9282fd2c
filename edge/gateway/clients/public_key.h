// Checks that a public key may verify tokens: its type, its length and its curve.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

enum public_key_kind {
    PUBLIC_KEY_WRONG = 0, // the reason is in `fault`
    PUBLIC_KEY_RS256,     // RSA, RSA_BITS_MIN to RSA_BITS_MAX
    PUBLIC_KEY_ES256,     // on the curve P-256
};

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

// Checks a key in PEM format ("BEGIN PUBLIC KEY"). For PUBLIC_KEY_WRONG appends the reason to
// `fault`, as a text that begins with "is".
NODISCARD enum public_key_kind public_key_check(const char *pem, struct buffer *fault);
