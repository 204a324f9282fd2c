#include "edge/asyncapi/asyncapi_parts.h"

static bool is_joinable(const struct room_type *type)
{
    return type->join != ROOM_JOIN_NONE;
}

static bool is_any(const struct room_type *type)
{
    (void)type;
    return true;
}

// Who is in rooms of the type.
static void append_description(const struct room_type *type, struct buffer *out)
{
    static const char *const who[] = {
        [ROOM_JOIN_OPEN] = "Any client may join",
        [ROOM_JOIN_CLAIMS] = "Clients may join whose token lists the room in its claim `rooms`",
        [ROOM_JOIN_SERVICE] = "Clients may join that a service lets in",
        [ROOM_JOIN_NONE] = "Clients cannot ask to join: the answer is `Invalid roomType`",
    };
    struct buffer text = {0};

    buffer_append(&text, span_of(who[type->join]));
    if (type->claim)
        buffer_printf(&text, "; they enter the rooms of their token's claim `%s` by themselves",
                      type->claim);
    if (type->silent)
        buffer_append(&text, SPAN_LIT("; the others are not told who comes and goes"));
    yaml_append_quoted(out, buffer_span(&text));
    buffer_fini(&text);
}

void asyncapi_room_types(const struct gateway_file *file, const struct yaml *y)
{
    struct buffer description = {0};

    yaml_line(y, 0, file->rooms->count > 0 ? "oneOf:" : "not: {}");
    for (size_t i = 0; i < file->rooms->count; i++) {
        const struct room_type *type = &file->rooms->items[i];
        buffer_clear(&description);
        append_description(type, &description);
        yaml_line(y, 2, "- const: \"%s\"", type->name);
        yaml_line(y, 4, "description: %s", description.ptr);
    }
    buffer_fini(&description);
}

// Appends "(conversation|notification)", or what matches nothing.
static void append_pattern(const struct gateway_file *file,
                           bool (*has)(const struct room_type *type), struct buffer *out)
{
    char before = '(';

    for (size_t i = 0; i < file->rooms->count; i++) {
        const struct room_type *type = &file->rooms->items[i];
        if (!has(type))
            continue;
        buffer_append_char(out, before);
        for (const char *c = type->name; *c; c++)
            buffer_printf(out, *c == '.' ? "[%c]" : "%c", *c);
        before = '|';
    }
    buffer_append(out, before == '(' ? SPAN_LIT("(?!)") : SPAN_LIT(")"));
}

static void write_text(const struct gateway_file *file, const struct yaml *y, const char *member,
                       const char *begin, bool (*has)(const struct room_type *type))
{
    struct buffer pattern = {0};

    append_pattern(file, has, &pattern);
    yaml_line(y, 0, "%s: { type: string, pattern: '^%s%s:.' }", member, begin, pattern.ptr);
    buffer_fini(&pattern);
}

void asyncapi_room_name(const struct gateway_file *file, const struct yaml *y)
{
    write_text(file, y, "room", "", is_any);
}

void asyncapi_joined_text(const struct gateway_file *file, const struct yaml *y)
{
    write_text(file, y, "message", "Joined room: ", is_joinable);
}

void asyncapi_left_text(const struct gateway_file *file, const struct yaml *y)
{
    write_text(file, y, "message", "Left room: ", is_joinable);
}

// ---- examples

static void write_example(const struct gateway_file *file, const struct yaml *y, const char *before,
                          const char *after)
{
    for (size_t i = 0; i < file->rooms->count; i++) {
        if (!is_joinable(&file->rooms->items[i]))
            continue;
        yaml_line(y, 0, "examples:");
        yaml_line(y, 2, "- payload: { %s%s%s }", before, file->rooms->items[i].name, after);
        return;
    }
}

void asyncapi_request_example(const struct gateway_file *file, const struct yaml *y)
{
    write_example(file, y, "roomType: '", "', roomId: '42'");
}

void asyncapi_join_example(const struct gateway_file *file, const struct yaml *y)
{
    write_example(file, y, "success: true, message: 'Joined room: ", ":42'");
}

void asyncapi_leave_example(const struct gateway_file *file, const struct yaml *y)
{
    write_example(file, y, "success: true, message: 'Left room: ", ":42'");
}

void asyncapi_member_example(const struct gateway_file *file, const struct yaml *y)
{
    write_example(file, y, "socketId: Gefgy3qFXittrjceNGFr, userId: traveller-1, room: '",
                  ":42', timestamp: '2024-11-17T10:00:00.000Z'");
}
