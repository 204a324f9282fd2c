// The algorithms that sign tokens (RFC 7518, 3.1; RFC 8037, 3.1). Sets of them are bit sets.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

enum token_algorithm {
    TOKEN_HS256 = 1 << 0,
    TOKEN_HS384 = 1 << 1,
    TOKEN_HS512 = 1 << 2,
    TOKEN_RS256 = 1 << 3,
    TOKEN_RS384 = 1 << 4,
    TOKEN_RS512 = 1 << 5,
    TOKEN_ES256 = 1 << 6, // with a key on P-256
    TOKEN_ES384 = 1 << 7, // P-384
    TOKEN_ES512 = 1 << 8, // P-521
    TOKEN_PS256 = 1 << 9,
    TOKEN_PS384 = 1 << 10,
    TOKEN_PS512 = 1 << 11,
    TOKEN_EDDSA = 1 << 12, // with an Ed25519 key
};

#define TOKEN_HS (TOKEN_HS256 | TOKEN_HS384 | TOKEN_HS512)
#define TOKEN_RS (TOKEN_RS256 | TOKEN_RS384 | TOKEN_RS512)
#define TOKEN_ES (TOKEN_ES256 | TOKEN_ES384 | TOKEN_ES512)
#define TOKEN_PS (TOKEN_PS256 | TOKEN_PS384 | TOKEN_PS512)

// 0 if `name`, a value of "alg", is none of them.
enum token_algorithm token_algorithm_find(struct span name);
// Those that the libjwt of this build can verify.
unsigned token_algorithms_available(void);
// Appends the names of a set, with commas between them.
void token_algorithms_print(unsigned set, struct buffer *out);
// The number that libjwt has for an available one.
int token_algorithm_of_libjwt(enum token_algorithm algorithm);
