// Bodies of requests that are no events.
#pragma once

#include "common/attr.h"
#include "common/json_view.h"

// Finds a member of the body, which may be empty; of kind JSON_KIND_NONE if there is none. Returns
// false if the body is no object.
NODISCARD bool api_body_member(struct span body, const char *name, struct json_view *out);
