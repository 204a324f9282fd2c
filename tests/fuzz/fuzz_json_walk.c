#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/json_string.h"
#include "edge/socketio/json_walk.h"

#define DEPTH 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct span inner, struct span outer)
{
    return inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len;
}

// The inside of a string, resolved and quoted again, is a string that means the same.
static void try_string(struct span value)
{
    struct span raw = {value.ptr + 1, value.len - 2};
    char *plain = mem_alloc(value.len);
    size_t plain_len = json_unquote(raw, plain);
    assert(plain_len <= raw.len);

    struct span text = {plain, plain_len};
    char *quoted = mem_alloc(json_quote(text, NULL));
    struct span rest = {quoted, json_quote(text, quoted)}, again;
    assert(json_take_value(&rest, 0, &again) == JSON_STRING_TEXT && rest.len == 0);

    char *plain_again = mem_alloc(again.len);
    struct span inside = {again.ptr + 1, again.len - 2};
    struct span resolved = {plain_again, json_unquote(inside, plain_again)};
    assert(span_eq(text, resolved));
    free(plain);
    free(quoted);
    free(plain_again);
}

static void walk(struct span array)
{
    struct json_items items;
    struct span item, rest, same;
    enum json_kind kind;

    assert(json_items_begin(&items, array, DEPTH));
    while (json_items_next(&items, &item, &kind)) {
        assert(within(item, array) && item.len > 0);
        rest = item;
        assert(json_take_value(&rest, DEPTH - 1, &same) == kind && rest.len == 0);
        assert(span_eq(same, item));
        if (kind == JSON_STRING_TEXT)
            try_string(item);
    }
    assert(!items.malformed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size}, rest = in, value;
    enum json_kind kind = json_take_value(&rest, DEPTH, &value);

    if (kind == JSON_NONE)
        return 0;
    assert(within(value, in) && within(rest, in));
    assert(value.ptr + value.len <= rest.ptr && rest.ptr + rest.len == in.ptr + in.len);
    if (kind == JSON_STRING_TEXT)
        try_string(value);
    if (kind == JSON_ARRAY_TEXT)
        walk(value);
    return 0;
}
