// Settings from the environment and a `.env` file, described by a table.
//
// The table is the one place that knows a variable: its name, type, default, limits and
// meaning. Loading, the error message and --help all read it.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/setting_value.h"
#include "common/setting_variables.h"

// Fills `into` from the environment. Adds a line to `errors` for each wrong variable ("PORT must be
// a number from 0 to 65535, not \"x\"") and returns false if there was one. An empty variable
// counts as unset, except for folders. Without a value and a default a text becomes NULL, and any
// other field stays as it was. Texts are copies that live as long as the process. A secret is read
// from the file that NAME_FILE names (secret_file.h), if that is given in place of NAME.
NODISCARD bool settings_load(const struct setting *table, size_t count, void *into,
                             struct buffer *errors);
// The same for one setting of the table.
NODISCARD bool settings_load_named(const struct setting *table, size_t count, const char *name,
                                   void *into, struct buffer *errors);

// True if the environment has a value that is not empty: for defaults that depend on other
// settings.
NODISCARD bool settings_is_given(const char *name);

// Removes the variable of a setting from the environment; of a secret also NAME_FILE.
void settings_forget(const struct setting *setting);

// Adds a line to `errors`, for rules that span several settings.
void settings_fault(struct buffer *errors, const char *format, ...) PRINTF(2, 3);

// Returns the content of the file that `setting` names, with a NUL behind it; the caller frees it.
// Returns NULL, with a line in `errors`, if it cannot be read or has more than `max` bytes.
NODISCARD char *settings_read_file(const char *setting, const char *path, size_t max,
                                   struct buffer *errors);

// Writes the table as the "Environment" part of --help to stdout.
void settings_print_help(const struct setting *table, size_t count);
