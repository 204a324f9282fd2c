// Base64 as RFC 4648, section 4, writes it, with padding.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// Appends the encoded bytes.
void base64_append(struct buffer *out, struct span bytes);

// Appends the decoded bytes. Missing padding is tolerated, as Node.js does; false at any other
// character that does not belong, and `out` is as before then.
NODISCARD bool base64_decode(struct buffer *out, struct span text);
