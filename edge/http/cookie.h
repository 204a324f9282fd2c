// The request header Cookie (RFC 6265, 4.2): "session=abc; theme=dark".
#pragma once

#include "common/attr.h"
#include "common/span.h"

// True if a cookie can have this name: a token (RFC 6265, 4.1.1).
bool cookie_is_name(struct span name);

// Finds the first cookie called `name`, whose case matters. `value` has no quotes around it and is
// not decoded. False when there is none.
NODISCARD bool cookie_find(struct span header, const char *name, struct span *value);
