#include "common/path_template.h"

static const struct span place = SPAN_INIT("{id}");

static bool is_visible_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

static bool has(struct span text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(characters, text.ptr[i]))
            return true;
    return false;
}

// Takes the text before the first {id} off `rest`, and the {id} with it.
static bool take_place(struct span *rest, struct span *before)
{
    return span_take_before(rest, place, before);
}

bool path_template_is_valid(struct span text)
{
    struct span before, behind = text;

    return span_starts_with(text, SPAN_LIT("/")) && is_visible_ascii(text) &&
           take_place(&behind, &before) && !has(before, "{}#") && !has(behind, "{}#");
}

bool path_template_can_hold(struct span id)
{
    return !span_is(id, ".") && !span_is(id, "..") && !has(id, "/\\");
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void append_encoded(struct span id, struct buffer *out)
{
    for (size_t i = 0; i < id.len; i++) {
        if (is_unreserved(id.ptr[i]))
            buffer_append_char(out, id.ptr[i]);
        else
            buffer_printf(out, "%%%02X", (unsigned char)id.ptr[i]);
    }
}

struct span path_template_write(struct span template, struct span id, struct buffer *out)
{
    struct span before = {0};

    buffer_clear(out);
    if (take_place(&template, &before)) {
        buffer_append(out, before);
        append_encoded(id, out);
    }
    buffer_append(out, template);
    return buffer_span(out);
}
