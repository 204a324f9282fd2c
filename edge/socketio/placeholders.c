#include "edge/socketio/placeholders.h"

#include "edge/socketio/json_string.h"

// The text is known to be well-formed, so one pass without any error handling finds its way.
struct walk {
    struct span rest;
    uint32_t attachments;
    bool all_fit;
};

static void skip_blanks(struct walk *walk)
{
    while (walk->rest.len > 0 && memchr(" \t\r\n", walk->rest.ptr[0], 4))
        walk->rest = span_skip(walk->rest, 1);
}

// Takes a bracket, comma or colon with the blanks around it, if it is what comes next.
static bool take_mark(struct walk *walk, char mark)
{
    skip_blanks(walk);
    if (walk->rest.len == 0 || walk->rest.ptr[0] != mark)
        return false;
    walk->rest = span_skip(walk->rest, 1);
    skip_blanks(walk);
    return true;
}

// Takes a string and returns what stands between its quotes.
static struct span take_string(struct walk *walk)
{
    const char *begin = walk->rest.ptr + 1;
    const char *end = begin;

    while (*end != '"')
        end += *end == '\\' ? 2 : 1;
    struct span inside = {begin, (size_t)(end - begin)};
    walk->rest = span_skip(walk->rest, inside.len + 2);
    return inside;
}

static struct span take_number_or_literal(struct walk *walk)
{
    size_t n = 0;

    while (n < walk->rest.len && !memchr(" \t\r\n,]}", walk->rest.ptr[n], 7))
        n++;
    struct span text = {walk->rest.ptr, n};
    walk->rest = span_skip(walk->rest, n);
    return text;
}

static bool is_index_below(struct span text, uint32_t bound)
{
    uint32_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || n >= bound)
            return false;
        n = n * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return text.len > 0 && n < bound;
}

static struct span take_value(struct walk *walk);

static void take_array(struct walk *walk)
{
    (void)take_mark(walk, '[');
    if (take_mark(walk, ']'))
        return;
    do {
        (void)take_value(walk);
    } while (take_mark(walk, ','));
    (void)take_mark(walk, ']');
}

// Of a name that comes twice the last one counts, as in JavaScript.
static void take_object(struct walk *walk)
{
    bool is_placeholder = false, fits = false;

    (void)take_mark(walk, '{');
    if (take_mark(walk, '}'))
        return;
    do {
        struct span key = take_string(walk);
        (void)take_mark(walk, ':');
        struct span value = take_value(walk);
        if (json_raw_is(key, "_placeholder"))
            is_placeholder = span_is(value, "true");
        else if (json_raw_is(key, "num"))
            fits = is_index_below(value, walk->attachments);
    } while (take_mark(walk, ','));
    (void)take_mark(walk, '}');
    if (is_placeholder && !fits)
        walk->all_fit = false;
}

// Returns the text of a number or literal; what other values hold was looked at inside.
static struct span take_value(struct walk *walk)
{
    switch (walk->rest.ptr[0]) {
    case '{':
        take_object(walk);
        return (struct span){0};
    case '[':
        take_array(walk);
        return (struct span){0};
    case '"':
        (void)take_string(walk);
        return (struct span){0};
    default:
        return take_number_or_literal(walk);
    }
}

bool placeholders_fit(struct span json, uint32_t attachments)
{
    struct walk walk = {json, attachments, true};

    skip_blanks(&walk);
    (void)take_value(&walk);
    return walk.all_fit;
}
