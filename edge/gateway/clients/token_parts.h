// Splits a token into its parts and reads its header. Nothing here is verified: the signature is
// checked later.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "edge/gateway/clients/token_algorithm.h"

struct token_parts {
    struct span header, payload, signature;
};

// The decoded header of a token. Nearly all tokens have the same header, so the last one is kept
// and decoded only when another comes.
struct token_header {
    struct buffer text;             // in base64url, as in the token; empty: none was decoded yet
    enum token_algorithm algorithm; // 0: "alg" is not an accepted one
    struct buffer id;               // "kid"; empty: none
};

// False unless the token has three parts with dots between them.
NODISCARD bool token_split(struct span token, struct token_parts *parts);
bool token_part_is_base64url(struct span part);
// True if the part encodes a JSON object. `scratch` is overwritten.
bool token_part_is_object(struct span part, struct buffer *scratch);

// Decodes the header `text` of a token into `header`. `accepted` is a bit set of enum
// token_algorithm and must be the same in each call. Returns false and leaves `header` unchanged if
// `text` is not a JSON object in base64url, or has "crit": no extension is understood here, so that
// a token which must not be accepted without one is refused (RFC 7515, 4.1.11). `scratch` is
// overwritten.
NODISCARD bool token_header_read(struct token_header *header, struct span text, unsigned accepted,
                                 struct buffer *scratch);
void token_header_fini(struct token_header *header);
