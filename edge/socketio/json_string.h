// The text of JSON strings: quoting it, and reading what stands between the quotes.
#pragma once

#include "common/attr.h"
#include "common/span.h"

// Writes `text` as a JSON string, quotes included, and returns its length. `out` may be NULL:
// nothing is written then. Bytes from 0x20 on, besides quote and backslash, pass unchanged.
size_t json_quote(struct span text, char *out);

// Resolves the escapes of a well-formed string's inside. `out` has room for raw.len bytes.
// Returns how many it wrote. Half a surrogate pair becomes U+FFFD.
size_t json_unquote(struct span raw, char *out);

// Whether the inside of a well-formed string means `text`.
bool json_raw_is(struct span raw, const char *text);
