#include "common/dotenv.h"

static bool is_name_char(char c, bool first)
{
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

    return letter || (!first && c >= '0' && c <= '9');
}

static struct span take_name(struct span *in)
{
    size_t len = 0;

    while (len < in->len && is_name_char(in->ptr[len], len == 0))
        len++;
    struct span name = {in->ptr, len};
    *in = span_skip(*in, len);
    return name;
}

static bool is_blank_or_comment(struct span text)
{
    text = span_trim(text);
    return text.len == 0 || text.ptr[0] == '#';
}

static char unescape(char c)
{
    return c == 'n' ? '\n' : c;
}

// Takes the text of a quoted value and its closing quote; the opening one was taken before. Returns
// false if the closing quote is missing.
static bool take_quoted(struct span *in, char quote, struct buffer *value)
{
    while (in->len > 0 && in->ptr[0] != quote) {
        if (quote == '"' && in->ptr[0] == '\\' && in->len > 1) {
            *in = span_skip(*in, 1);
            buffer_append_char(value, unescape(in->ptr[0]));
        } else {
            buffer_append_char(value, in->ptr[0]);
        }
        *in = span_skip(*in, 1);
    }
    if (in->len == 0)
        return false;
    *in = span_skip(*in, 1);
    return true;
}

// A # begins a comment only after a blank, so that a password can contain it.
static struct span without_comment(struct span text)
{
    for (size_t i = 1; i < text.len; i++)
        if (text.ptr[i] == '#' && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t'))
            return (struct span){text.ptr, i};
    return text;
}

// Returns what is wrong, or NULL.
static const char *parse_value(struct span text, struct buffer *value)
{
    struct span trimmed = span_trim(text);

    buffer_clear(value);
    if (is_blank_or_comment(text)) {
        buffer_append(value, SPAN_LIT(""));
        return NULL;
    }
    if (trimmed.ptr[0] != '"' && trimmed.ptr[0] != '\'') {
        buffer_append(value, span_trim(without_comment(trimmed)));
        return NULL;
    }
    struct span rest = span_skip(trimmed, 1);
    buffer_append(value, SPAN_LIT(""));
    if (!take_quoted(&rest, trimmed.ptr[0], value))
        return "the closing quote is missing";
    return is_blank_or_comment(rest) ? NULL : "there is something behind the closing quote";
}

static const char *parse_line(struct span line, struct buffer *name, struct buffer *value)
{
    const struct span export = SPAN_LIT("export ");

    if (memchr(line.ptr, '\0', line.len))
        return "it contains a NUL byte";
    line = span_trim(line);
    if (span_starts_with(line, export))
        line = span_trim(span_skip(line, export.len));

    buffer_clear(name);
    buffer_append(name, take_name(&line));
    line = span_trim(line);
    if (name->len == 0 || line.len == 0 || line.ptr[0] != '=')
        return "it is not NAME=value";
    return parse_value(span_skip(line, 1), value);
}

static struct span without_carriage_return(struct span line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

bool dotenv_parse(struct span text, const char *path, dotenv_fn on_entry, void *arg,
                  struct buffer *errors)
{
    struct buffer name = {0}, value = {0};
    struct span line;
    bool ok = true;

    for (unsigned number = 1; span_take_until(&text, '\n', &line); number++) {
        line = without_carriage_return(line);
        if (is_blank_or_comment(line))
            continue;
        const char *fault = parse_line(line, &name, &value);
        if (fault)
            buffer_printf(errors, "%s, line %u: %s\n", path, number, fault);
        else
            on_entry(name.ptr, value.ptr, arg);
        ok = ok && !fault;
    }
    buffer_fini(&name);
    buffer_fini(&value);
    return ok;
}
