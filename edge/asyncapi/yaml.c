#include "edge/asyncapi/yaml.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/json_string.h"

static void append_indentation(struct buffer *out, unsigned count)
{
    while (count-- > 0)
        buffer_append_char(out, ' ');
}

void yaml_line(const struct yaml *y, unsigned deeper, const char *format, ...)
{
    va_list args, again;

    append_indentation(y->out, y->indent + deeper);
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *at = buffer_reserve(y->out, (size_t)len);
    vsnprintf(at, (size_t)len + 1, format, again);
    y->out->len += (size_t)len;
    va_end(again);
    va_end(args);
    buffer_append_char(y->out, '\n');
}

// U+0080 to U+009F and U+FEFF, U+FFFE, U+FFFF are no characters of a YAML document, and U+2028 and
// U+2029 are ends of lines. Sets *code if such a one is at the beginning, and returns its length.
static size_t take_unprintable(struct span s, unsigned *code)
{
    const unsigned char *b = (const unsigned char *)s.ptr;

    if (s.len >= 2 && b[0] == 0xC2 && b[1] < 0xA0) {
        *code = b[1];
        return 2;
    }
    if (s.len < 3 || (b[0] & 0xF0) != 0xE0)
        return 0;
    *code = (b[0] & 0x0FU) << 12 | (b[1] & 0x3FU) << 6 | (b[2] & 0x3FU);
    bool refused = *code == 0x2028 || *code == 0x2029 || *code == 0xFEFF || *code >= 0xFFFE;
    return refused ? 3 : 0;
}

void yaml_append_json(struct buffer *out, struct span json)
{
    bool in_text = false;
    size_t taken;
    unsigned code;

    for (; json.len > 0; json = span_skip(json, taken)) {
        char c = *json.ptr;
        taken = take_unprintable(json, &code);
        if (taken > 0) {
            buffer_printf(out, "\\u%04x", code);
            continue;
        }
        taken = in_text && c == '\\' ? 2 : 1;
        in_text ^= c == '"';
        if (c == 0x7F)
            buffer_append(out, SPAN_LIT("\\u007f"));
        else if (in_text || !strchr(" \t\r\n", c))
            buffer_append(out, (struct span){json.ptr, taken});
    }
}

void yaml_append_quoted(struct buffer *out, struct span text)
{
    struct buffer json = {0};

    json_string_append(&json, text);
    yaml_append_json(out, buffer_span(&json));
    buffer_fini(&json);
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// A hyphen that would read as the beginning of an escape.
static bool misleads(struct span rest)
{
    return rest.len >= 3 && rest.ptr[0] == '-' && is_hex(rest.ptr[1]) && is_hex(rest.ptr[2]);
}

void yaml_append_key(struct buffer *out, struct span name)
{
    for (; name.len > 0; name = span_skip(name, 1)) {
        if (is_key_char(*name.ptr) && !misleads(name))
            buffer_append_char(out, *name.ptr);
        else
            buffer_printf(out, "-%02x", (unsigned char)*name.ptr);
    }
}

void yaml_line_with_key(const struct yaml *y, unsigned deeper, const char *text, const char *name)
{
    append_indentation(y->out, y->indent + deeper);
    for (; *text; text++)
        if (*text == '@')
            yaml_append_key(y->out, span_of(name));
        else
            buffer_append_char(y->out, *text);
    buffer_append_char(y->out, '\n');
}

void yaml_line_with_text(const struct yaml *y, unsigned deeper, const char *member,
                         struct span value)
{
    append_indentation(y->out, y->indent + deeper);
    buffer_printf(y->out, "%s: ", member);
    yaml_append_quoted(y->out, value);
    buffer_append_char(y->out, '\n');
}
