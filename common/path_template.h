// The path of a request with a place for an id: "/api/things/{id}". The id is percent-encoded when
// the path is written.
#pragma once

#include <stdbool.h>

#include "common/buffer.h"
#include "common/span.h"

// A template begins with a slash, has the place {id} once, and is plain visible ASCII without a
// fragment. A query is allowed, with {id} in it or not.
bool path_template_is_valid(struct span text);

// False for an id that could lead to another path: "." and ".." are steps of a path even if they
// are encoded, and some proxies decode "%2F" and "%5C" into separators.
bool path_template_can_hold(struct span id);

// Replaces the content of `out` by the path. All of the id is encoded but letters, digits and
// "-._~". Returns a view of `out`.
struct span path_template_write(struct span template, struct span id, struct buffer *out);
