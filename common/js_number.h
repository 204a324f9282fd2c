// Writes numbers as JavaScript does: 1e3 is "1000", 1.50 is "1.5". A room id that comes as a number
// names the same room as the string that a JavaScript client makes of it (decision 015).
#pragma once

#include "common/buffer.h"

// Appends the number, which must be finite.
void js_number_append(double number, struct buffer *out);
