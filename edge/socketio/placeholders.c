#include "edge/socketio/placeholders.h"

#include <assert.h>

#include "common/json_string.h"
#include "common/json_view.h"
#include "edge/socketio/packet.h"

// An open array or object, and what its members have shown so far.
struct container {
    bool is_placeholder, fits;
};

static bool is_index_below(struct span text, uint32_t bound)
{
    uint64_t n;

    return span_take_uint(&text, UINT32_MAX, &n) && text.len == 0 && n < bound;
}

// If a name comes twice, the last value counts, as in JavaScript.
static void note_member(struct container *object, struct span name, struct span value,
                        uint32_t attachments)
{
    if (json_string_is(name, SPAN_LIT("_placeholder")))
        object->is_placeholder = span_is(value, "true");
    else if (json_string_is(name, SPAN_LIT("num")))
        object->fits = is_index_below(value, attachments);
}

bool placeholders_are_valid(struct span args, uint32_t attachments)
{
    struct container open[SIO_JSON_DEPTH_MAX];
    struct json_walk walk = json_walk_over(args);
    struct json_view value;
    struct span name;
    size_t depth = 0;

    while (json_walk_deep(&walk, &name, &value)) {
        if (name.ptr)
            note_member(&open[depth - 1], name, value.raw, attachments);
        if (value.kind == JSON_KIND_ARRAY || value.kind == JSON_KIND_OBJECT) {
            assert(depth < SIO_JSON_DEPTH_MAX);
            open[depth++] = (struct container){0};
        } else if (value.kind == JSON_KIND_NONE) {
            assert(depth > 0); // json_check() has seen that brackets match
            depth--;
            if (open[depth].is_placeholder && !open[depth].fits)
                return false;
        }
    }
    return true;
}
