// Reads the JSON text of a routes file. Every fault is told with its line.
#pragma once

#include "relay/routing/routes.h"

// Adds the routes of `text` to `into`, which holds none yet. False with one line in `errors`.
NODISCARD bool routes_parse(struct span text, const char *path, struct routes *into,
                            struct buffer *errors);
