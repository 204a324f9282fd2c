// Whether a public key is one that tokens may be verified with.
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

// Looks at a key in PEM ("BEGIN PUBLIC KEY"). A fault is appended to `fault` and reads "is …".
NODISCARD enum public_key_kind public_key_judge(const char *pem, struct buffer *fault);
