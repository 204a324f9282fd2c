// Reads the JSON text of a routes file. Every fault is told with its line.
#pragma once

#include "relay/routes.h"

// Adds the routes of `text` to `into`, which holds none yet. False with one line in `errors`.
NODISCARD bool routes_read(struct span text, const char *path, struct routes *into,
                           struct buffer *errors);

// Frees what a route holds and zeroes it.
void route_fini(struct route *route);
