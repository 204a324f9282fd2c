// Writes YAML: lines with their indentation, and values that come from the gateway's file.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

struct yaml {
    struct buffer *out;
    unsigned indent; // of the lines, in blanks
};

// A line, `deeper` blanks further in.
void yaml_line(const struct yaml *y, unsigned deeper, const char *format, ...) PRINTF(3, 4);

// The same with a fixed text, in which the key of `name` takes the place of each '@'.
void yaml_line_with_key(const struct yaml *y, unsigned deeper, const char *text, const char *name);
// "<member>: <value>" with the text in double quotes.
void yaml_line_with_text(const struct yaml *y, unsigned deeper, const char *member,
                         struct span value);

// Appends valid JSON so that it is a value on one line: without the blanks between its parts, and
// with escapes for the characters that YAML refuses.
void yaml_append_json(struct buffer *out, struct span json);

// Appends a text in double quotes.
void yaml_append_quoted(struct buffer *out, struct span text);

// Appends a name as part of a key, which has letters, digits and "._-" alone. Different names give
// different keys.
void yaml_append_key(struct buffer *out, struct span name);
