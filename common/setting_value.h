// One setting, and its values by its type: how they are read and how they are described.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"

enum setting_type {
    SETTING_TEXT,     // const char *; NULL if it is unset and has no default
    SETTING_SECRET,   // const char *; its value is never printed. NAME_FILE may name its file
    SETTING_HOST,     // const char *; a host name or an address, and nothing else
    SETTING_FOLDER,   // const char *; given but empty: the empty text, no folder
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

// True if the field is a const char *.
bool setting_is_text(const struct setting *setting);

// Reads `text` into the field of the setting. Returns false, with the field unchanged, if it is not
// a value of the setting. Texts are copied.
NODISCARD bool setting_value_store(const struct setting *setting, const char *text, void *field);
// Appends which values the setting has: "a number from 0 to 65535".
void setting_value_describe(const struct setting *setting, struct buffer *out);

// True for a host name or an address, and nothing else.
NODISCARD bool setting_value_is_host(const char *text);
