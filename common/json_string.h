// The text of JSON strings: what stands between their quotes means, and the way back.
//
// `inside` is what a string of a checked text holds between its quotes.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// What half a surrogate pair is, which JavaScript allows and no UTF-8 can say.
enum json_half_pair {
    JSON_HALF_PAIR_REFUSED,
    JSON_HALF_PAIR_REPLACED, // by U+FFFD
};

// Appends what the string means. False at half a pair that is refused.
bool json_string_decode(struct span inside, enum json_half_pair half_pair, struct buffer *out);

// Whether the string means `text`. One with half a pair means no text.
bool json_string_is(struct span inside, struct span text);

// Writes `text` as a JSON string, quotes included, and returns its length. `out` may be NULL:
// nothing is written then. Control characters are escaped; bytes that are no UTF-8 pass unchanged.
size_t json_string_quote(struct span text, char *out);
void json_string_append(struct buffer *out, struct span text);
