#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/json_view.h"
#include "common/mem.h"

#define DEPTH 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct span inner, struct span outer)
{
    return inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len;
}

// A string, resolved and quoted again, is a string that means the same.
static void try_string(struct span inside)
{
    struct buffer text = {0};
    struct json_view again;

    assert(json_string_decode(inside, JSON_HALF_PAIR_REPLACED, &text));
    assert(text.len <= inside.len);
    char *quoted = mem_alloc(json_string_quote(buffer_span(&text), NULL));
    struct span written = {quoted, json_string_quote(buffer_span(&text), quoted)};
    assert(json_view_parse(written, 0, &again, NULL) && again.kind == JSON_KIND_STRING);
    assert(span_eq(again.raw, written));
    assert(json_string_is(json_view_inside(again), buffer_span(&text)));
    free(quoted);
    buffer_fini(&text);
}

static size_t walk(struct json_view value, size_t depth);

// Each value within another is, by itself, a text with the same value and less depth.
static size_t visit(struct json_view value, struct json_view outer, size_t depth)
{
    struct json_view same;

    assert(within(value.raw, outer.raw) && value.raw.len > 0);
    assert(json_view_parse(value.raw, depth - 1, &same, NULL));
    assert(same.kind == value.kind && span_eq(same.raw, value.raw));
    return walk(value, depth - 1);
}

// Visits all values one within the other, and counts what json_walk_deep() shows: two brackets
// of a container, one plain value.
static size_t walk(struct json_view value, size_t depth)
{
    struct json_walk at;
    struct json_view inner;
    struct span name;
    size_t seen = 2;

    if (value.kind == JSON_KIND_STRING)
        try_string(json_view_inside(value));
    if (value.kind != JSON_KIND_ARRAY && value.kind != JSON_KIND_OBJECT)
        return 1;
    at = json_walk_into(value);
    while (value.kind == JSON_KIND_ARRAY && json_walk_element(&at, &inner))
        seen += visit(inner, value, depth);
    while (value.kind == JSON_KIND_OBJECT && json_walk_member(&at, &name, &inner)) {
        assert(within(name, value.raw));
        try_string(name);
        seen += visit(inner, value, depth);
    }
    return seen;
}

static size_t count_deep(struct json_view whole)
{
    struct json_walk at = json_walk_over(whole.raw);
    struct json_view value;
    struct span name;
    size_t seen = 0;

    for (; json_walk_deep(&at, &name, &value); seen++)
        assert(within(value.raw, whole.raw) && (!name.ptr || within(name, whole.raw)));
    assert(at.rest.len == 0);
    return seen;
}

static size_t count_outermost(struct json_view value)
{
    struct json_walk at = json_walk_over((struct span){0});
    struct json_view inner;
    struct span name;
    size_t count = 0;

    if (value.kind == JSON_KIND_ARRAY || value.kind == JSON_KIND_OBJECT)
        at = json_walk_into(value);
    while (value.kind == JSON_KIND_OBJECT ? json_walk_member(&at, &name, &inner)
                                          : json_walk_element(&at, &inner))
        count++;
    assert(json_walk_rest(&at).len == 0);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct json_fault fault = {0};
    struct json_view value;
    size_t count;

    if (!json_check(text, DEPTH, &count, &fault)) {
        assert(fault.reason && fault.offset <= size);
        return 0;
    }
    value = json_view_of(text);
    assert(within(value.raw, text));
    assert(walk(value, DEPTH) == count_deep(value));
    assert(count == count_outermost(value));
    return 0;
}
