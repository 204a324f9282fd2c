#include "common/json_view.h"

#include <assert.h>

// The text is known to be well-formed, so nothing here checks syntax. If a caller forgets
// json_check(), the asserts keep reads within the text.
struct cursor {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && is_blank(*c->at))
        c->at++;
}

static void skip_string(struct cursor *c)
{
    const char *at = c->at + 1, *end = c->end;

    while (at < end && *at != '"') {
        if (*at == '\\')
            at++;
        at++;
        while (at < end && *at != '"' && *at != '\\')
            at++;
    }
    assert(at < end);
    c->at = at + 1;
}

static void skip_container(struct cursor *c)
{
    size_t depth = 0;

    do {
        assert(c->at < c->end);
        if (*c->at == '"') {
            skip_string(c);
            continue;
        }
        if (*c->at == '{' || *c->at == '[')
            depth++;
        else if (*c->at == '}' || *c->at == ']')
            depth--;
        c->at++;
    } while (depth > 0);
}

static void skip_plain(struct cursor *c)
{
    while (c->at < c->end && !is_blank(*c->at) && *c->at != ',' && *c->at != ']' && *c->at != '}')
        c->at++;
}

static enum json_kind kind_of(char first)
{
    switch (first) {
    case '{':
        return JSON_KIND_OBJECT;
    case '[':
        return JSON_KIND_ARRAY;
    case '"':
        return JSON_KIND_STRING;
    case 't':
    case 'f':
        return JSON_KIND_BOOL;
    case 'n':
        return JSON_KIND_NULL;
    default:
        return JSON_KIND_NUMBER;
    }
}

static struct span span_from(const char *start, const struct cursor *c)
{
    return (struct span){start, (size_t)(c->at - start)};
}

static struct json_view take_value(struct cursor *c)
{
    const char *start = c->at;
    enum json_kind kind = kind_of(*start);

    if (kind == JSON_KIND_STRING)
        skip_string(c);
    else if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY)
        skip_container(c);
    else
        skip_plain(c);
    return (struct json_view){kind, span_from(start, c)};
}

// Takes the colon after a string, which makes the string a member's name. Returns false if there is
// none.
static bool take_colon(struct cursor *c)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != ':')
        return false;
    c->at++;
    skip_blanks(c);
    return true;
}

// What the cursor has left, without blanks at both ends.
static struct span trimmed(struct cursor c)
{
    skip_blanks(&c);
    while (c.end > c.at && is_blank(c.end[-1]))
        c.end--;
    return (struct span){c.at, (size_t)(c.end - c.at)};
}

struct json_view json_view_of(struct span checked)
{
    struct span raw = trimmed((struct cursor){checked.ptr, checked.ptr + checked.len});

    return (struct json_view){kind_of(raw.ptr[0]), raw};
}

bool json_view_parse(struct span text, size_t max_depth, struct json_view *out,
                     struct json_fault *fault)
{
    if (!json_check(text, max_depth, NULL, fault))
        return false;
    *out = json_view_of(text);
    return true;
}

struct json_walk json_walk_into(struct json_view container)
{
    return (struct json_walk){{container.raw.ptr + 1, container.raw.len - 2}};
}

struct json_walk json_walk_over(struct span values)
{
    return (struct json_walk){{values.len > 0 ? values.ptr : "", values.len}};
}

// What a walk has left, from the next value on: skips blanks and the comma before it.
static struct cursor cursor_of(const struct json_walk *walk)
{
    struct cursor c = {walk->rest.ptr, walk->rest.ptr + walk->rest.len};

    skip_blanks(&c);
    if (c.at < c.end && *c.at == ',')
        c.at++;
    skip_blanks(&c);
    return c;
}

static void keep_rest(struct json_walk *walk, const struct cursor *c)
{
    walk->rest = (struct span){c->at, (size_t)(c->end - c->at)};
}

struct span json_walk_rest(const struct json_walk *walk)
{
    return trimmed(cursor_of(walk));
}

bool json_walk_element(struct json_walk *walk, struct json_view *value)
{
    struct cursor c = cursor_of(walk);

    if (c.at == c.end)
        return false;
    *value = take_value(&c);
    keep_rest(walk, &c);
    return true;
}

bool json_walk_member(struct json_walk *walk, struct span *name, struct json_view *value)
{
    struct cursor c = cursor_of(walk);

    if (c.at == c.end)
        return false;
    *name = json_view_inside(take_value(&c));
    bool named = take_colon(&c);
    assert(named && c.at < c.end);
    *value = take_value(&c);
    keep_rest(walk, &c);
    return true;
}

static struct json_view take_bracket(struct cursor *c)
{
    const char *at = c->at++;
    bool opens = *at == '{' || *at == '[';

    return (struct json_view){opens ? kind_of(*at) : JSON_KIND_NONE, {at, 1}};
}

bool json_walk_deep(struct json_walk *walk, struct span *name, struct json_view *value)
{
    struct cursor c = cursor_of(walk);

    *name = (struct span){0};
    if (c.at == c.end)
        return false;
    if (*c.at == '"') {
        *value = take_value(&c);
        if (!take_colon(&c))
            goto done;
        *name = json_view_inside(*value);
        assert(c.at < c.end);
    }
    *value = memchr("{}[]", *c.at, 4) ? take_bracket(&c) : take_value(&c);
done:
    keep_rest(walk, &c);
    return true;
}
