// Settings from the environment and a `.env` file, described by a table.
//
// The table is the one place that knows a variable: its name, type, default, limits and
// meaning. Loading, the error message and --help all read it.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

enum setting_type {
    SETTING_TEXT,     // const char *; an unset one without default is NULL
    SETTING_SECRET,   // const char *; its value is never printed
    SETTING_HOST,     // const char *; a host name or an address, and nothing else
    SETTING_FOLDER,   // const char *; a text; given but empty it is the empty text: no folder
    SETTING_NUMBER,   // int64_t within min..max
    SETTING_SWITCH,   // bool: true/false, 1/0, yes/no, on/off
    SETTING_CHOICE,   // int: index into `choices`
    SETTING_DURATION, // int64_t seconds within min..max: 7d, 12h, 30m, 45s or bare seconds
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;              // of the field in the settings struct
    const char *fallback;       // as it would be written in the environment; NULL: none
    int64_t min, max;           // of numbers and durations
    const char *const *choices; // NULL-terminated, of choices
    const char *help;           // one line for --help
};

// Whether its field is a const char *.
bool setting_is_text(const struct setting *setting);

// Reads ./.env if there is one; the environment wins over it. A line is NAME=value, with an
// optional `export `, quotes around the value and # comments; anything else in the file, or a
// file above 64 KB, is an error. Call once at start; returns false and says what is wrong in
// `errors`, having set nothing. Of a name that stands twice the last line counts.
NODISCARD bool settings_read_dotenv(const char *path, struct buffer *errors);

// Fills `into` from the environment. Every wrong variable adds one line to `errors`
// ("PORT must be a number from 0 to 65535, not \"x\""); false if there was any.
// An empty variable counts as unset, but for folders. What is unset and has no default becomes NULL
// if it is a text, and stays as it was otherwise. Texts are copies that live as long as the
// process.
NODISCARD bool settings_load(const struct setting *table, size_t count, void *into,
                             struct buffer *errors);

// Whether the environment gives the variable a value, for defaults that depend on others.
NODISCARD bool settings_is_given(const char *name);

// Adds a line to `errors`, for rules that span several settings.
void settings_fault(struct buffer *errors, const char *format, ...) PRINTF(2, 3);

// The content of the file that a setting names, with a NUL behind it, for the caller to free. NULL
// with a line in `errors` when it cannot be read or has more than `max` bytes.
NODISCARD char *settings_read_file(const char *setting, const char *path, size_t max,
                                   struct buffer *errors);

// Writes the table as the "Environment" part of --help to stdout.
void settings_print_help(const struct setting *table, size_t count);
