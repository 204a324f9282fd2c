// Checks that a public key may verify tokens: its type, its length and its curve.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

// The algorithms that a key in PEM format ("BEGIN PUBLIC KEY") can verify in this build: a bit set
// of enum token_algorithm. If there is none, returns 0 and appends the reason to `fault`, as a text
// that begins with "is".
NODISCARD unsigned public_key_algorithms(const char *pem, struct buffer *fault);

// Appends what the key with these algorithms is: "a key for ES384 on the curve secp384r1".
void public_key_describe(const char *pem, unsigned algorithms, struct buffer *out);

// The same RSA key as one of the type RSASSA-PSS, which is the type that libjwt wants for PS256 to
// PS512. The caller frees it; NULL if `pem` is no RSA key.
NODISCARD char *public_key_for_pss(const char *pem);
