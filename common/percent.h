// Percent-encoding, as in URLs: "%2F" is "/".
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// Appends `text` decoded. In a query and in a form '+' is a space, in a path it is not. Returns
// false at a broken escape or at one that gives a NUL.
NODISCARD bool percent_decode(struct span text, bool plus_is_space, struct buffer *out);
