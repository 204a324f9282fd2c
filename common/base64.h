// Base64 of RFC 4648: that of section 4 with padding, and the URL-safe alphabet of section 5.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"

// Appends the encoded bytes.
void base64_append(struct buffer *out, struct span bytes);

// Appends the decoded bytes. Missing padding is accepted, as in Node.js. Returns false at any other
// invalid character and leaves the content of `out` as it was.
NODISCARD bool base64_decode(struct buffer *out, struct span text);
NODISCARD bool base64url_decode(struct buffer *out, struct span text);
