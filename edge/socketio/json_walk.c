#include "edge/socketio/json_walk.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void skip_blanks(struct span *rest)
{
    while (rest->len > 0 && is_blank(rest->ptr[0]))
        *rest = span_skip(*rest, 1);
}

static bool skip_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = span_skip(*rest, 1);
    return true;
}

static bool skip_word(struct span *rest, struct span word)
{
    if (!span_starts_with(*rest, word))
        return false;
    *rest = span_skip(*rest, word.len);
    return true;
}

static bool skip_digits(struct span *rest)
{
    size_t n = 0;

    while (n < rest->len && is_digit(rest->ptr[n]))
        n++;
    *rest = span_skip(*rest, n);
    return n > 0;
}

static bool skip_number(struct span *rest)
{
    (void)skip_char(rest, '-');
    if (!skip_char(rest, '0') && !skip_digits(rest))
        return false;
    if (skip_char(rest, '.') && !skip_digits(rest))
        return false;
    if (!skip_char(rest, 'e') && !skip_char(rest, 'E'))
        return true;
    if (!skip_char(rest, '+'))
        (void)skip_char(rest, '-');
    return skip_digits(rest);
}

// How many bytes the escape at `at`, which is a backslash, takes; 0 when it is none.
static size_t escape_len(const char *at, size_t left)
{
    if (left < 2)
        return 0;
    if (at[1] != 'u')
        return at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) ? 2 : 0;
    if (left < 6 || !is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) || !is_hex(at[5]))
        return 0;
    return 6;
}

static bool skip_string(struct span *rest)
{
    const char *at = rest->ptr + 1;
    const char *end = rest->ptr + rest->len;

    while (at < end && *at != '"') {
        size_t n = 1;
        if ((unsigned char)*at < 0x20)
            return false;
        if (*at == '\\')
            n = escape_len(at, (size_t)(end - at));
        if (n == 0)
            return false;
        at += n;
    }
    *rest = (struct span){at, (size_t)(end - at)};
    return skip_char(rest, '"');
}

static bool skip_value(struct span *rest, unsigned max_depth, enum json_kind *kind);

static bool skip_array(struct span *rest, unsigned max_depth)
{
    enum json_kind kind;

    *rest = span_skip(*rest, 1);
    skip_blanks(rest);
    if (skip_char(rest, ']'))
        return true;
    do {
        if (!skip_value(rest, max_depth, &kind))
            return false;
    } while (skip_char(rest, ','));
    return skip_char(rest, ']');
}

static bool skip_member(struct span *rest, unsigned max_depth)
{
    enum json_kind kind;

    skip_blanks(rest);
    if (rest->len == 0 || rest->ptr[0] != '"' || !skip_string(rest))
        return false;
    skip_blanks(rest);
    return skip_char(rest, ':') && skip_value(rest, max_depth, &kind);
}

static bool skip_object(struct span *rest, unsigned max_depth)
{
    *rest = span_skip(*rest, 1);
    skip_blanks(rest);
    if (skip_char(rest, '}'))
        return true;
    do {
        if (!skip_member(rest, max_depth))
            return false;
    } while (skip_char(rest, ','));
    return skip_char(rest, '}');
}

// Skips a value that begins right at `rest`.
static bool skip_bare_value(struct span *rest, unsigned max_depth, enum json_kind *kind)
{
    if (rest->len == 0)
        return false;
    switch (rest->ptr[0]) {
    case '{':
        *kind = JSON_OBJECT_TEXT;
        return max_depth > 0 && skip_object(rest, max_depth - 1);
    case '[':
        *kind = JSON_ARRAY_TEXT;
        return max_depth > 0 && skip_array(rest, max_depth - 1);
    case '"':
        *kind = JSON_STRING_TEXT;
        return skip_string(rest);
    case 't':
        *kind = JSON_LITERAL_TEXT;
        return skip_word(rest, SPAN_LIT("true"));
    case 'f':
        *kind = JSON_LITERAL_TEXT;
        return skip_word(rest, SPAN_LIT("false"));
    case 'n':
        *kind = JSON_LITERAL_TEXT;
        return skip_word(rest, SPAN_LIT("null"));
    default:
        *kind = JSON_NUMBER_TEXT;
        return skip_number(rest);
    }
}

static bool skip_value(struct span *rest, unsigned max_depth, enum json_kind *kind)
{
    skip_blanks(rest);
    if (!skip_bare_value(rest, max_depth, kind))
        return false;
    skip_blanks(rest);
    return true;
}

enum json_kind json_take_value(struct span *rest, unsigned max_depth, struct span *value)
{
    enum json_kind kind;

    skip_blanks(rest);
    const char *begin = rest->ptr;
    if (!skip_bare_value(rest, max_depth, &kind))
        return JSON_NONE;
    *value = (struct span){begin, (size_t)(rest->ptr - begin)};
    skip_blanks(rest);
    return kind;
}

bool json_items_begin(struct json_items *items, struct span array, unsigned max_depth)
{
    *items = (struct json_items){.rest = array, .first = true};
    skip_blanks(&items->rest);
    if (max_depth == 0 || !skip_char(&items->rest, '['))
        return false;
    items->max_depth = max_depth - 1;
    skip_blanks(&items->rest);
    return true;
}

// True at the closing bracket, when only that is left of the array.
static bool at_end(struct json_items *items)
{
    if (!skip_char(&items->rest, ']'))
        return false;
    skip_blanks(&items->rest);
    items->malformed = items->rest.len > 0;
    return true;
}

bool json_items_next(struct json_items *items, struct span *item, enum json_kind *kind)
{
    bool first = items->first;

    items->first = false;
    if (items->malformed || at_end(items))
        return false;
    if (first || skip_char(&items->rest, ','))
        *kind = json_take_value(&items->rest, items->max_depth, item);
    else
        *kind = JSON_NONE;
    items->malformed = *kind == JSON_NONE;
    return !items->malformed;
}
