// Base64 for URLs (RFC 4648 section 5, without padding), as tokens are written in.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// True when `text` has only characters of the alphabet.
bool base64url_is(struct span text);

// Appends the decoded bytes. False when `text` is not the encoding of whole bytes.
NODISCARD bool base64url_decode(struct span text, struct buffer *out);
