// Checks that a text is JSON: strict RFC 8259, valid UTF-8, and nested no deeper than the caller
// allows. Takes linear time, and neither recurses nor allocates.
//
// Accepts what JSON does not limit: numbers of any size and length, repeated member names, and
// escapes of half a surrogate pair, which JavaScript reads and writes.
#pragma once

#include "common/attr.h"
#include "common/span.h"

#define JSON_DEPTH_MAX 256 // the most that a caller can allow

struct json_fault {
    const char *reason; // a constant
    size_t offset;      // where in the text
};

// Checks that `text` is one value, with nothing but blanks around it, and that arrays and objects
// are nested at most `max_depth` deep. If so, `count` is the number of elements or members of that
// value, else `fault` is the reason. Both may be NULL.
NODISCARD bool json_check(struct span text, size_t max_depth, size_t *count,
                          struct json_fault *fault);
