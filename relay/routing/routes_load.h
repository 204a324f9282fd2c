// Loading the built-in routes and those of the operator.
#pragma once

#include "relay/routing/routes.h"

// The built-in routes and, unless `path` is NULL, those of the file. NULL with one line
// "<path>:<line>: <reason>" added to `errors` when the file cannot be used. The names of the
// queues begin with `queue_prefix`, which is borrowed and has QUEUE_PREFIX_MAX bytes at most.
NODISCARD struct routes *routes_load(const char *path, const char *queue_prefix,
                                     struct buffer *errors);

// Adds the routes of a text; `path` is for the message only. On false some may have been
// added.
NODISCARD bool routes_add(struct routes *routes, struct span text, const char *path,
                          struct buffer *errors);
