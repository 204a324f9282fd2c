#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/json_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t depth_of(struct span text)
{
    size_t open = 0;

    for (size_t i = 0; i < text.len; i++)
        open += text.ptr[i] == '[' || text.ptr[i] == '{';
    return open; // at most
}

// What jansson refuses although it is JSON: numbers and member names that it cannot hold, and
// escapes that name no character.
static bool is_beyond_jansson(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_numeric_overflow || strstr(error->text, "Unicode") ||
           code == json_error_stack_overflow || code == json_error_null_byte_in_key;
}

static void walk(struct json_view view)
{
    struct json_walk at = json_walk_into(view);
    struct json_view value;
    struct span name;

    if (view.kind == JSON_KIND_OBJECT)
        while (json_walk_member(&at, &name, &value))
            assert(name.ptr && value.raw.len > 0);
    if (view.kind == JSON_KIND_ARRAY)
        while (json_walk_element(&at, &value))
            assert(value.raw.len > 0);
    if (view.kind == JSON_KIND_OBJECT || view.kind == JSON_KIND_ARRAY) {
        struct span left = at.rest; // nothing but blanks
        for (size_t i = 0; i < left.len; i++)
            assert(strchr(" \t\r\n", left.ptr[i]));
    }
}

// The same texts are JSON for us and for jansson, and strings mean the same.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct json_view view;
    json_error_t error;
    json_t *other = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool ok = json_view_parse(text, JSON_DEPTH_MAX, &view, NULL);

    if (ok && !other)
        assert(is_beyond_jansson(&error));
    if (!ok && other) // it takes a NUL byte for the end of the text
        assert(depth_of(text) > JSON_DEPTH_MAX || memchr(text.ptr, '\0', text.len));
    if (ok) {
        assert(view.raw.ptr >= text.ptr && view.raw.ptr + view.raw.len <= text.ptr + text.len);
        walk(view);
    }
    if (ok && other && view.kind == JSON_KIND_STRING) {
        struct buffer meaning = {0};
        struct span inside = json_view_inside(view);
        assert(json_string_decode(inside, JSON_HALF_PAIR_REFUSED, &meaning));
        assert(json_string_is(inside, buffer_span(&meaning)));
        assert(span_eq(buffer_span(&meaning),
                       (struct span){json_string_value(other), json_string_length(other)}));
        buffer_fini(&meaning);
    }
    json_decref(other);
    return 0;
}
