// Parses the JSON text of a routes file. An error names its line.
#pragma once

#include "relay/routing/routes.h"

// Adds the routes of `text` to `into`, which must be empty. Returns false with one line in
// `errors`.
NODISCARD bool routes_parse(struct span text, const char *path, struct routes *into,
                            struct buffer *errors);
