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

// Both texts are borrowed until return.
typedef void (*dotenv_fn)(const char *name, const char *value, void *arg);

// Calls `on_entry` for every line that is right, in their order. Each wrong line adds one line
// to `errors` that names `path` and its number; false if there was any.
NODISCARD bool dotenv_parse(struct span text, const char *path, dotenv_fn on_entry, void *arg,
                            struct buffer *errors);
