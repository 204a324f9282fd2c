// Reads JSON in place: views of the values in a text that json_check() has accepted.
//
// Nothing is converted or copied. A value can be passed on byte by byte, so no number or text
// changes on the way (decision 010). Spans point into the text and live as long as it does.
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

// Views the value of a text that json_check() has accepted.
struct json_view json_view_of(struct span checked);
// Checks `text` and views its value. On failure `fault`, unless NULL, is the reason.
NODISCARD bool json_view_parse(struct span text, size_t max_depth, struct json_view *out,
                               struct json_fault *fault);

static inline bool json_view_has_value(struct json_view value)
{
    return value.kind != JSON_KIND_NONE && value.kind != JSON_KIND_NULL;
}

// What a string has between its quotes; json_string.h decodes it.
static inline struct span json_view_inside(struct json_view string)
{
    return (struct span){string.raw.ptr + 1, string.raw.len - 2};
}

// Iterates over values of a checked text.
//     struct json_walk walk = json_walk_into(array);
//     while (json_walk_element(&walk, &value)) …
struct json_walk {
    struct span rest;
};

// Over the elements of an array or the members of an object.
struct json_walk json_walk_into(struct json_view container);
// Over values separated by commas, or none.
struct json_walk json_walk_over(struct span values);

// Views the next element of an array. Returns false after the last one.
NODISCARD bool json_walk_element(struct json_walk *walk, struct json_view *value);
// Views the next member of an object; `name` is without its quotes. Returns false after the last
// one.
NODISCARD bool json_walk_member(struct json_walk *walk, struct span *name, struct json_view *value);
// What is left: the values from the next one to the last, separated by commas.
struct span json_walk_rest(const struct json_walk *walk);
// Views the next bracket or scalar in the order of the text, at any depth. An opening bracket is of
// kind JSON_KIND_ARRAY or JSON_KIND_OBJECT, a closing one of kind JSON_KIND_NONE. `name.ptr` is
// NULL unless the value is a member. Returns false at the end.
NODISCARD bool json_walk_deep(struct json_walk *walk, struct span *name, struct json_view *value);
