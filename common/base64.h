// Base64 of RFC 4648: that of section 4 with padding, and the URL-safe alphabet of section 5.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// Appends the encoded bytes.
void base64_append(struct buffer *out, struct span bytes);

// Appends the decoded bytes. Missing padding is tolerated, as Node.js does; false at any other
// character that does not belong, and `out` is as before then.
NODISCARD bool base64_decode(struct buffer *out, struct span text);
NODISCARD bool base64url_decode(struct buffer *out, struct span text);
