// Well-formed UTF-8: without overlong forms, surrogates and code points above U+10FFFF.
#pragma once

#include <stddef.h>

#include "common/span.h"

// The length in bytes of the first character of `text`, 1 to 4; 0 if that is not valid UTF-8.
// `text` must not be empty.
size_t utf8_length(struct span text);

// True if `text` is valid UTF-8. Empty text is valid.
bool utf8_valid(struct span text);
