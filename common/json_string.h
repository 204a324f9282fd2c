// Decodes and writes JSON strings.
//
// `inside` is what a string has between its quotes, in a text that json_check() has accepted.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// What becomes of half a surrogate pair, which JavaScript allows and UTF-8 cannot express.
enum json_half_pair {
    JSON_HALF_PAIR_REFUSED,
    JSON_HALF_PAIR_REPLACED, // by U+FFFD
};

// Appends the decoded text. Returns false at half a pair that is refused; some of the text may have
// been appended then.
bool json_string_decode(struct span inside, enum json_half_pair half_pair, struct buffer *out);

// True if `inside` decodes to `text`. A string with half a pair equals no text.
bool json_string_is(struct span inside, struct span text);

// Writes `text` as a JSON string with its quotes and returns the length. If `out` is NULL, only
// returns the length. Escapes control characters; bytes that are not UTF-8 pass unchanged.
size_t json_string_quote(struct span text, char *out);
void json_string_append(struct buffer *out, struct span text);
