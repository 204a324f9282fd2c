// Makes valid and invalid tokens for tests: any header and payload, signed with HS256.
#pragma once

#include <sodium.h>

#include "common/buffer.h"
#include "tests/unit/unit.h"

static inline void append_base64url(struct buffer *out, const void *bytes, size_t len)
{
    size_t max = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *at = buffer_reserve(out, max);

    sodium_bin2base64(at, max, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out->len += strlen(at);
}

#define TOKEN_SECRET "a secret of the tests"
#define TOKEN_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

// Writes the token to `out`, whose content it replaces.
static inline struct span make_token(struct buffer *out, const char *header, const char *payload,
                                     const char *secret)
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    buffer_clear(out);
    append_base64url(out, header, strlen(header));
    buffer_append_char(out, '.');
    append_base64url(out, payload, strlen(payload));
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)out->ptr, out->len);
    crypto_auth_hmacsha256_final(&state, mac);
    buffer_append_char(out, '.');
    append_base64url(out, mac, sizeof(mac));
    return buffer_span(out);
}
