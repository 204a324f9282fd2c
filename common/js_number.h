// Numbers as JavaScript writes them ("1e3" is "1000", 1.50 is "1.5"), because room ids that came
// as numbers name the same rooms as those that a JavaScript client made text of.
#pragma once

#include "common/buffer.h"

// `number` is finite.
void js_number_append(double number, struct buffer *out);
