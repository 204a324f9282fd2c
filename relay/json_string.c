// What the strings of a checked JSON text mean (declared in json_view.h).
#include "relay/json_view.h"

// Of a digit that the check has let pass: letters stand 0x40 above where digits have their value.
static unsigned hex_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c & 0x0F) + 9;
}

static unsigned take_hex4(struct span *rest)
{
    unsigned unit = 0;

    for (size_t i = 0; i < 4; i++)
        unit = unit << 4 | hex_value(rest->ptr[i]);
    *rest = span_skip(*rest, 4);
    return unit;
}

static void append_utf8(struct buffer *out, unsigned code)
{
    if (code < 0x80) {
        buffer_append_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        buffer_append_char(out, (char)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        buffer_append_char(out, (char)(0xE0 | code >> 12));
        buffer_append_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
    } else {
        buffer_append_char(out, (char)(0xF0 | code >> 18));
        buffer_append_char(out, (char)(0x80 | (code >> 12 & 0x3F)));
        buffer_append_char(out, (char)(0x80 | (code >> 6 & 0x3F)));
    }
    buffer_append_char(out, (char)(0x80 | (code & 0x3F)));
}

// Behind "\u": one unit, or the two of a surrogate pair.
static bool decode_unicode(struct span *rest, struct buffer *out)
{
    unsigned code = take_hex4(rest);

    if (code >= 0xDC00 && code <= 0xDFFF)
        return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (rest->len < 6 || rest->ptr[0] != '\\' || rest->ptr[1] != 'u')
            return false;
        *rest = span_skip(*rest, 2);
        unsigned low = take_hex4(rest);
        if (low < 0xDC00 || low > 0xDFFF)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
}

static bool decode_escape(struct span *rest, struct buffer *out)
{
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    char c = *rest->ptr;

    *rest = span_skip(*rest, 1);
    if (c == 'u')
        return decode_unicode(rest, out);
    const char *name = strchr(names, c);
    buffer_append_char(out, name ? meanings[name - names] : c);
    return true;
}

bool json_string_decode(struct span raw, struct buffer *out)
{
    struct span rest = {raw.ptr + 1, raw.len - 2};

    while (rest.len > 0) {
        const char *escape = memchr(rest.ptr, '\\', rest.len);
        size_t plain = escape ? (size_t)(escape - rest.ptr) : rest.len;

        buffer_append(out, (struct span){rest.ptr, plain});
        rest = span_skip(rest, plain);
        if (!escape)
            break;
        rest = span_skip(rest, 1);
        if (!decode_escape(&rest, out))
            return false;
    }
    return true;
}

bool json_string_is(struct span raw, struct span text)
{
    struct span inner = {raw.ptr + 1, raw.len - 2};

    if (inner.len == 0 || !memchr(inner.ptr, '\\', inner.len))
        return span_eq(inner, text);

    struct buffer meaning = {0};
    bool same = json_string_decode(raw, &meaning) && span_eq(buffer_span(&meaning), text);
    buffer_fini(&meaning);
    return same;
}
