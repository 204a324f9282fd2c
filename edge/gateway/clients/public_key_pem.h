// Makes public keys in PEM format, which libjwt takes, of their numbers. Every function returns
// NULL if OpenSSL does not take them for a key; otherwise the caller frees the text.
#pragma once

#include "common/attr.h"
#include "common/span.h"

struct bignum_st; // OpenSSL's BIGNUM

// `type` is "RSA" or "RSA-PSS".
NODISCARD char *public_key_pem_of_rsa(const char *type, const struct bignum_st *modulus,
                                      const struct bignum_st *exponent);
// `curve` is OpenSSL's name; `point` is uncompressed (SEC 1, 2.3.3).
NODISCARD char *public_key_pem_of_ec(const char *curve, struct span point);
NODISCARD char *public_key_pem_of_ed25519(struct span point);
