// The parts of a token, and what its header says, before anything is known of its signature.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

enum token_algorithm { TOKEN_HS256 = 1 << 0, TOKEN_RS256 = 1 << 1, TOKEN_ES256 = 1 << 2 };

struct token_parts {
    struct span header, payload, signature;
};

// What a token's header says. Nearly all tokens have the same few bytes of it, so the last is kept.
struct token_header {
    struct buffer text;             // as it stands in the token; empty: there was none
    enum token_algorithm algorithm; // 0: none that is accepted
    struct buffer id;               // its "kid"; empty: none
};

// False unless there are three parts, with points between them.
NODISCARD bool token_split(struct span token, struct token_parts *parts);
bool token_part_is_base64url(struct span part);
// True if the part encodes a JSON object. `scratch` is overwritten.
bool token_part_is_object(struct span part, struct buffer *scratch);

// Reads the header of another token, of which `accepted` algorithms count; false when it cannot be
// read, and `header` is as it was. `scratch` is overwritten.
NODISCARD bool token_header_read(struct token_header *header, struct span text, unsigned accepted,
                                 struct buffer *scratch);
void token_header_fini(struct token_header *header);
