// Checks JSON text and finds where its values stand, without converting or allocating anything.
//
// Strict RFC 8259, except that strings may hold any bytes above 0x1f (the WebSocket layer has
// checked UTF-8) and lone surrogate escapes, as JavaScript's parser allows.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

enum json_kind {
    JSON_NONE = 0,
    JSON_OBJECT_TEXT,
    JSON_ARRAY_TEXT,
    JSON_STRING_TEXT,
    JSON_NUMBER_TEXT,
    JSON_LITERAL_TEXT
};

// Takes one value, with the blanks around it, off `rest`. `value` is the value without blanks.
// JSON_NONE when there is no well-formed value or it nests deeper than `max_depth` arrays and
// objects; `rest` and `value` are of no use then.
NODISCARD enum json_kind json_take_value(struct span *rest, unsigned max_depth, struct span *value);

// Visits the elements of an array in order: call with the array's text once to begin.
//     struct json_items items;
//     if (!json_items_begin(&items, array, max_depth)) …not an array…
//     while (json_items_next(&items, &item, &kind)) …
//     if (items.malformed) …
// `malformed` is set at an element that is wrong or too deep, at a missing bracket and at
// anything but blanks behind the closing one.
struct json_items {
    struct span rest;
    unsigned max_depth;
    bool first, malformed;
};
NODISCARD bool json_items_begin(struct json_items *items, struct span array, unsigned max_depth);
NODISCARD bool json_items_next(struct json_items *items, struct span *item, enum json_kind *kind);
