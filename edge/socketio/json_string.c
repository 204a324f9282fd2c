#include "edge/socketio/json_string.h"

#include <stdint.h>

// The longest way to write one byte of text: \u0041.
#define ESCAPE_MAX 6
// Longer texts are not compared.
#define COMPARE_MAX 32

static size_t put(char *out, size_t at, struct span bytes)
{
    if (out)
        memcpy(out + at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

static size_t put_escape(char *out, size_t at, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char unicode[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    const char backslashed[] = {'\\', (char)c};

    if (c >= 0x20)
        return put(out, at, (struct span){backslashed, sizeof(backslashed)});
    return put(out, at, (struct span){unicode, sizeof(unicode)});
}

size_t json_quote(struct span text, char *out)
{
    size_t at = put(out, 0, SPAN_LIT("\""));

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\')
            at = put_escape(out, at, c);
        else
            at = put(out, at, (struct span){text.ptr + i, 1});
    }
    return put(out, at, SPAN_LIT("\""));
}

static uint32_t hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    return (uint32_t)((c | 0x20) - 'a') + 10;
}

// The four digits behind "\u".
static uint32_t hex_unit(const char *at)
{
    return hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 |
           hex_digit(at[3]);
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static bool is_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit < 0xe000;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

// Takes "\uXXXX", or two of them that are a pair.
static uint32_t take_unicode(struct span *raw)
{
    uint32_t high = hex_unit(raw->ptr + 2);

    *raw = span_skip(*raw, 6);
    if (!is_surrogate(high))
        return high;
    if (is_low_surrogate(high) || raw->len < 6 || raw->ptr[0] != '\\' || raw->ptr[1] != 'u')
        return 0xfffd;

    uint32_t low = hex_unit(raw->ptr + 2);
    if (!is_low_surrogate(low))
        return 0xfffd;
    *raw = span_skip(*raw, 6);
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

size_t json_unquote(struct span raw, char *out)
{
    size_t len = 0;

    while (raw.len > 0) {
        if (raw.ptr[0] != '\\') {
            out[len++] = raw.ptr[0];
            raw = span_skip(raw, 1);
        } else if (raw.ptr[1] == 'u') {
            len += put_utf8(out + len, take_unicode(&raw));
        } else {
            out[len++] = short_escape(raw.ptr[1]);
            raw = span_skip(raw, 2);
        }
    }
    return len;
}

bool json_raw_is(struct span raw, const char *text)
{
    char plain[COMPARE_MAX * ESCAPE_MAX];

    if (raw.len > sizeof(plain))
        return false;
    return span_is((struct span){plain, json_unquote(raw, plain)}, text);
}
