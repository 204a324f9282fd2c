// JSON read in place: views of the values in a text that json_check() has let through.
//
// Nothing is converted or copied. A value can go on in the very bytes in which it came, so that
// no number or text changes on the way. Spans point into the text and live as long as it does.
#pragma once

#include "common/attr.h"
#include "common/json_check.h"
#include "common/span.h"

enum json_kind {
    JSON_KIND_NONE, // no value at all
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
};

struct json_view {
    enum json_kind kind;
    struct span raw; // without blanks around it; a string with its quotes
};

// The value of a text that json_check() has let through.
struct json_view json_view_of(struct span checked);
// Checks `text` and views its value.
NODISCARD bool json_view_parse(struct span text, size_t max_depth, struct json_view *out,
                               struct json_fault *fault);

// Of a string: what stands between the quotes (json_string.h decodes it).
static inline struct span json_view_inside(struct json_view string)
{
    return (struct span){string.raw.ptr + 1, string.raw.len - 2};
}

// Goes through values of a checked text.
//     struct json_walk walk = json_walk_into(array);
//     while (json_walk_element(&walk, &value)) …
struct json_walk {
    struct span rest;
};

// Through what an array or object holds.
struct json_walk json_walk_into(struct json_view container);
// Through values with commas between them, or none.
struct json_walk json_walk_over(struct span values);

// The next element of an array; false behind the last one.
NODISCARD bool json_walk_element(struct json_walk *walk, struct json_view *value);
// The next member of an object, its name without the quotes; false behind the last one.
NODISCARD bool json_walk_member(struct json_walk *walk, struct span *name, struct json_view *value);
// All that is left, from the next value to the last, commas between them.
struct span json_walk_rest(const struct json_walk *walk);
// The next bracket or plain value at whatever depth, as they stand in the text. An opening bracket
// is an array or object, a closing one is JSON_KIND_NONE; `name.ptr` is NULL but for members.
NODISCARD bool json_walk_deep(struct json_walk *walk, struct span *name, struct json_view *value);
