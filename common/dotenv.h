// The `.env` format: lines of NAME=value, blank lines and # comments.
//
//     PORT=3002                 # a comment needs a blank before it
//     export JWT_SECRET='taken as it stands'
//     CORS_ORIGIN="\" \\ \n and \$ are escapes here"
//
// Anything else is an error. Values are never quoted in an error: they may be secrets.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// Borrows both strings until it returns.
typedef void (*dotenv_fn)(const char *name, const char *value, void *arg);

// Calls `on_entry` for each valid line, in order. Adds a line with `path` and the line's number to
// `errors` for each invalid one. Returns false if there was one.
NODISCARD bool dotenv_parse(struct span text, const char *path, dotenv_fn on_entry, void *arg,
                            struct buffer *errors);
