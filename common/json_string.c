#include "common/json_string.h"

#include <stdint.h>

#define REPLACEMENT 0xfffd

// A character in UTF-8.
struct utf8_char {
    char bytes[4];
    size_t len;
};

static struct utf8_char utf8_of(uint32_t code)
{
    char last = (char)(0x80 | (code & 0x3f));
    char before_last = (char)(0x80 | (code >> 6 & 0x3f));

    if (code < 0x80)
        return (struct utf8_char){{(char)code}, 1};
    if (code < 0x800)
        return (struct utf8_char){{(char)(0xc0 | code >> 6), last}, 2};
    if (code < 0x10000)
        return (struct utf8_char){{(char)(0xe0 | code >> 12), before_last, last}, 3};
    return (struct utf8_char){
        {(char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)), before_last, last}, 4};
}

// The value of a hex digit. The low four bits of 'a' and 'A' are 1, hence the 9.
static uint32_t hex_value(char c)
{
    return c <= '9' ? (uint32_t)(c - '0') : ((uint32_t)c & 0x0f) + 9;
}

// The value of the four digits after "\u".
static uint32_t unit_at(const char *at)
{
    return hex_value(at[0]) << 12 | hex_value(at[1]) << 8 | hex_value(at[2]) << 4 |
           hex_value(at[3]);
}

static bool is_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdfff;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

// Takes "\uXXXX", or two of them that are a pair, and returns the code point. Half a pair is
// returned as it is.
static uint32_t take_unicode(struct span *rest)
{
    uint32_t high = unit_at(rest->ptr + 2);

    *rest = span_skip(*rest, 6);
    if (!is_surrogate(high) || is_low_surrogate(high) || rest->len < 6 || rest->ptr[0] != '\\' ||
        rest->ptr[1] != 'u')
        return high;

    uint32_t low = unit_at(rest->ptr + 2);
    if (!is_low_surrogate(low))
        return high;
    *rest = span_skip(*rest, 6);
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static uint32_t take_escape(struct span *rest)
{
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    char c = rest->ptr[1];

    if (c == 'u')
        return take_unicode(rest);
    const char *name = memchr(names, c, sizeof(names) - 1);
    *rest = span_skip(*rest, 2);
    return (uint32_t)(name ? meanings[name - names] : c);
}

// Takes the text before the next escape, or all of it.
static struct span take_plain(struct span *rest)
{
    if (rest->len == 0) // `ptr` may be NULL then
        return *rest;
    const char *escape = memchr(rest->ptr, '\\', rest->len);
    struct span plain = {rest->ptr, escape ? (size_t)(escape - rest->ptr) : rest->len};

    *rest = span_skip(*rest, plain.len);
    return plain;
}

bool json_string_decode(struct span inside, enum json_half_pair half_pair, struct buffer *out)
{
    buffer_append(out, take_plain(&inside));
    while (inside.len > 0) {
        uint32_t code = take_escape(&inside);

        if (is_surrogate(code) && half_pair == JSON_HALF_PAIR_REFUSED)
            return false;
        struct utf8_char c = utf8_of(is_surrogate(code) ? REPLACEMENT : code);
        buffer_append(out, (struct span){c.bytes, c.len});
        buffer_append(out, take_plain(&inside));
    }
    return true;
}

static bool take_prefix(struct span *text, struct span prefix)
{
    if (!span_starts_with(*text, prefix))
        return false;
    if (prefix.len > 0)
        *text = span_skip(*text, prefix.len);
    return true;
}

bool json_string_is(struct span inside, struct span text)
{
    // An escape is never shorter than the text that it stands for.
    if (inside.len < text.len || !take_prefix(&text, take_plain(&inside)))
        return false;
    while (inside.len > 0) {
        uint32_t code = take_escape(&inside);
        struct utf8_char c = utf8_of(code);

        if (is_surrogate(code) || !take_prefix(&text, (struct span){c.bytes, c.len}) ||
            !take_prefix(&text, take_plain(&inside)))
            return false;
    }
    return text.len == 0;
}

static size_t put(char *out, size_t at, struct span bytes)
{
    if (out)
        memcpy(out + at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

// Writes the escape of a character that cannot stand in a JSON string as it is.
static size_t put_escape(char *out, size_t at, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char unicode[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    const char backslashed[] = {'\\', c == '\n' ? 'n' : (char)c};

    if (c == '"' || c == '\\' || c == '\n')
        return put(out, at, (struct span){backslashed, sizeof(backslashed)});
    return put(out, at, (struct span){unicode, sizeof(unicode)});
}

size_t json_string_quote(struct span text, char *out)
{
    size_t at = put(out, 0, SPAN_LIT("\"")), plain = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!char_is_control(c) && c != '"' && c != '\\')
            continue;
        at = put(out, at, (struct span){text.ptr + plain, i - plain});
        at = put_escape(out, at, (unsigned char)c);
        plain = i + 1;
    }
    if (plain < text.len)
        at = put(out, at, (struct span){text.ptr + plain, text.len - plain});
    return put(out, at, SPAN_LIT("\""));
}

void json_string_append(struct buffer *out, struct span text)
{
    char *at = buffer_reserve(out, json_string_quote(text, NULL));

    out->len += json_string_quote(text, at);
    out->ptr[out->len] = '\0';
}
