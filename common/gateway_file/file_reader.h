// Reads the JSON of an operator's file. The first fault is reported as one line
// "<path>:<line>: <reason>"; every function that returns false has reported one.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/json_view.h"

struct file_reader {
    struct span text;
    const char *path;      // only appears in errors
    struct buffer *errors; // borrowed
};

// Appends the content of the file at `r->path` to `text`, which becomes `r->text`.
NODISCARD bool reader_load(struct file_reader *r, struct buffer *text);
// Checks that the text is JSON and an object; else `wanted` is the reason.
NODISCARD bool reader_top(struct file_reader *r, const char *wanted, struct json_view *top);

// Reports a fault at `where`, a view into the text. Returns false.
bool reader_refuse(struct file_reader *r, struct span where, const char *reason);
bool reader_refuse_line(struct file_reader *r, unsigned line, const char *reason);
// The line of `where`, from 1.
unsigned reader_line(const struct file_reader *r, struct span where);

// Reads a string that can be a name: not empty, at most `max` bytes, no control characters. The
// caller frees `*out`.
NODISCARD bool reader_name(struct file_reader *r, struct json_view value, size_t max, char **out);
// True if `text` is not empty and has only letters of ASCII, digits and characters of `further`.
NODISCARD bool reader_is_word(struct span text, const char *further);
NODISCARD bool reader_flag(struct file_reader *r, struct json_view value, bool *out);
// Reads a whole number; `wanted` is the reason if it is none within the limits.
NODISCARD bool reader_number(struct file_reader *r, struct json_view value, uint32_t min,
                             uint32_t max, const char *wanted, uint32_t *out);

// Returns the value of the member `name`, of kind JSON_KIND_NONE if there is none.
struct json_view reader_member(struct json_view object, struct span name);

// A member that an object may have, and what reads its value into the caller's struct.
struct reader_member {
    const char *name;
    bool (*read)(struct file_reader *r, struct json_view value, void *into);
};

// Reads the members of an object, each at most once. `members` ends with a name of NULL and has at
// most 32; `expected` is the reason for a member that it does not name.
NODISCARD bool reader_members(struct file_reader *r, struct json_view object,
                              const struct reader_member *members, const char *expected,
                              void *into);
