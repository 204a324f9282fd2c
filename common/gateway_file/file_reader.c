#include "common/gateway_file/file_reader.h"

#include <errno.h>
#include <string.h>

#include "common/file.h"
#include "common/json_string.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)

bool reader_refuse_line(struct file_reader *r, unsigned line, const char *reason)
{
    buffer_printf(r->errors, "%s:%u: %s\n", r->path, line, reason);
    return false;
}

static unsigned line_of(struct span text, size_t offset)
{
    unsigned line = 1;

    for (size_t i = 0; i < offset && i < text.len; i++)
        line += text.ptr[i] == '\n';
    return line;
}

unsigned reader_line(const struct file_reader *r, struct span where)
{
    return line_of(r->text, (size_t)(where.ptr - r->text.ptr));
}

bool reader_refuse(struct file_reader *r, struct span where, const char *reason)
{
    return reader_refuse_line(r, reader_line(r, where), reason);
}

bool reader_load(struct file_reader *r, struct buffer *text)
{
    bool ok = file_read(r->path, FILE_MAX_BYTES, text);

    r->text = buffer_span(text);
    if (ok)
        return true;
    if (errno == EFBIG)
        return reader_refuse_line(r, 1, "the file is over 1 MB");
    buffer_printf(r->errors, "%s:1: cannot be read: %s\n", r->path, strerror(errno));
    return false;
}

bool reader_top(struct file_reader *r, const char *wanted, struct json_view *top)
{
    struct json_fault fault;

    if (!json_view_parse(r->text, JSON_DEPTH_MAX, top, &fault))
        return reader_refuse_line(r, line_of(r->text, fault.offset), fault.reason);
    return top->kind == JSON_KIND_OBJECT || reader_refuse(r, top->raw, wanted);
}

bool reader_name(struct file_reader *r, struct json_view value, size_t max, char **out)
{
    struct buffer text = {0};

    if (value.kind != JSON_KIND_STRING)
        return reader_refuse(r, value.raw, "a string is wanted here");
    bool ok = json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, &text) &&
              text.len > 0 && text.len <= max && !span_has_control(buffer_span(&text));
    if (ok)
        *out = span_dup(buffer_span(&text));
    buffer_fini(&text);
    return ok || reader_refuse(r, value.raw, "empty, too long, or not plain text");
}

bool reader_is_word(struct span text, const char *further)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(further, c)))
            return false;
    }
    return text.len > 0;
}

bool reader_flag(struct file_reader *r, struct json_view value, bool *out)
{
    if (value.kind != JSON_KIND_BOOL)
        return reader_refuse(r, value.raw, "true or false is wanted here");
    *out = value.raw.ptr[0] == 't';
    return true;
}

bool reader_number(struct file_reader *r, struct json_view value, uint32_t min, uint32_t max,
                   const char *wanted, uint32_t *out)
{
    struct span digits = value.raw;
    uint64_t number;

    if (value.kind != JSON_KIND_NUMBER || !span_take_uint(&digits, max, &number) ||
        digits.len > 0 || number < min)
        return reader_refuse(r, value.raw, wanted);
    *out = (uint32_t)number;
    return true;
}

struct json_view reader_member(struct json_view object, struct span name)
{
    struct json_walk walk = json_walk_into(object);
    struct json_view value, found = {0};
    struct span key;

    while (json_walk_member(&walk, &key, &value))
        if (json_string_is(key, name))
            found = value;
    return found;
}

bool reader_members(struct file_reader *r, struct json_view object,
                    const struct reader_member *members, const char *expected, void *into)
{
    struct json_walk walk = json_walk_into(object);
    struct json_view value;
    struct span name;
    uint32_t seen = 0;

    while (json_walk_member(&walk, &name, &value)) {
        size_t i = 0;
        while (members[i].name && !json_string_is(name, span_of(members[i].name)))
            i++;
        if (!members[i].name)
            return reader_refuse(r, name, expected);
        if (seen & (uint32_t)1 << i)
            return reader_refuse(r, name, "named twice");
        seen |= (uint32_t)1 << i;
        if (!members[i].read(r, value, into))
            return false;
    }
    return true;
}
