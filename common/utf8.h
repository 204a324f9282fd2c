// Whether bytes are text: well-formed UTF-8, without overlong forms, surrogates and what lies
// above U+10FFFF.
#pragma once

#include <stddef.h>

#include "common/span.h"

// The length of the character that `text` (not empty) begins with, 1 to 4; 0 when it is none.
size_t utf8_length(struct span text);

// Whether all of `text` is; nothing is text too.
bool utf8_valid(struct span text);
