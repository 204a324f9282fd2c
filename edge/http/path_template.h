// The path of a request with a place for an id: "/api/things/{id}", in which the id is written
// percent-encoded.
#pragma once

#include <stdbool.h>

#include "common/buffer.h"
#include "common/span.h"

// A template begins with a slash, has the place {id} once, and is plain visible ASCII without a
// fragment. A query is allowed, with {id} in it or not.
bool path_template_is_valid(struct span text);

// Whether a path can bear this id. "." and ".." cannot be told from the steps of a path, however
// they are encoded; some proxies decode "%2F" and "%5C", and make two steps of one.
bool path_template_can_hold(struct span id);

// Puts the path into `out` in place of what it holds. Of the id only letters, digits and "-._~"
// stay as they are. Returns it.
struct span path_template_write(struct span template, struct span id, struct buffer *out);
