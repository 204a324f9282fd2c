// JSON read in place: a checked text, and views of the values in it.
//
// What an event carries goes on to the clients in the very bytes in which it came, so that no
// number or text changes on the way. The check is therefore strict: RFC 8259, valid UTF-8, and
// containers at most JSON_VIEW_DEPTH_MAX deep. It neither recurses nor allocates.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

#define JSON_VIEW_DEPTH_MAX 256

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

struct json_fault {
    const char *reason; // a constant
    size_t offset;      // where in the text
};

// Checks that `text` is one JSON value and says which. On false `fault` (which may be NULL) tells
// why.
NODISCARD bool json_view_parse(struct span text, struct json_view *out, struct json_fault *fault);

// Goes through a container that json_view_parse() has checked, directly or as part of another.
struct json_walk {
    struct span rest;
};

struct json_walk json_walk_into(struct json_view container);
// The next member of an object, its name still in quotes; false behind the last one.
NODISCARD bool json_walk_member(struct json_walk *walk, struct span *name, struct json_view *value);
// The next element of an array; false behind the last one.
NODISCARD bool json_walk_element(struct json_walk *walk, struct json_view *value);

// Whether a raw string (or member name) of a checked text means `text`.
bool json_string_is(struct span raw, struct span text);

// Appends what a raw string of a checked text means. False if that is no text: half a surrogate
// pair, which no UTF-8 can say.
NODISCARD bool json_string_decode(struct span raw, struct buffer *out);
