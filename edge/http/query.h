// Query strings: "EIO=4&transport=polling&sid=…".
#pragma once

#include "common/attr.h"
#include "common/span.h"

// Finds the first parameter called `name` (its name is compared undecoded). False when there is
// none; a parameter without '=' has an empty value. `value` is not percent-decoded.
NODISCARD bool query_find(struct span query, const char *name, struct span *value);
