// Loads the built-in routes and those of the operator's file.
#pragma once

#include "relay/routing/routes.h"

// Returns the built-in routes and, unless `path` is NULL, those of the file. If the file cannot be
// used, returns NULL and adds one line "<path>:<line>: <reason>" to `errors`. Queue names begin
// with `queue_prefix`, which is borrowed and has at most QUEUE_PREFIX_MAX bytes.
NODISCARD struct routes *routes_load(const char *path, const char *queue_prefix,
                                     struct buffer *errors);

// Adds the routes of a JSON text; `path` only appears in errors. If it returns false, some routes
// may have been added.
NODISCARD bool routes_add(struct routes *routes, struct span text, const char *path,
                          struct buffer *errors);
