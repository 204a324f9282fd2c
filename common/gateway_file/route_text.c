#include "common/gateway_file/route_text.h"

#include "common/json_string.h"

#define SAMPLE_TIME "\"2024-11-17T10:00:00.000Z\""

void route_text_room(const struct route *route, const struct route_room *room, struct buffer *out)
{
    buffer_append(out, span_of(room->prefix));
    if (room->from.count == 0)
        return;
    for (size_t i = 0; i < room->from.count; i++) {
        buffer_append_char(out, i == 0 ? '{' : '|');
        buffer_append(out, route->sources[room->from.index[i]]);
        if (room->is_list)
            buffer_append(out, SPAN_LIT("[]"));
    }
    buffer_append_char(out, '}');
    buffer_append(out, span_of(room->suffix));
}

static bool prefers(const struct route_sources *from, size_t source)
{
    return from->count > 0 && from->index[0] == source;
}

// "sender-1" for "senderId", "some status" for "status".
static void append_word(struct span name, struct buffer *out)
{
    struct buffer text = {0};
    bool is_id = name.len > 2 && memcmp(name.ptr + name.len - 2, "Id", 2) == 0;

    if (!is_id)
        buffer_append(&text, SPAN_LIT("some "));
    buffer_append(&text, (struct span){name.ptr, is_id ? name.len - 2 : name.len});
    if (is_id)
        buffer_append(&text, SPAN_LIT("-1"));
    json_string_append(out, buffer_span(&text));
    buffer_fini(&text);
}

static bool is_of_users(const struct route_room *room)
{
    return span_starts_with(span_of(room->prefix), SPAN_LIT("user:"));
}

static bool append_room_id(const struct route_room *room, size_t source, struct buffer *out)
{
    const char *id = is_of_users(room) ? "traveller-1" : "42";

    if (!prefers(&room->from, source))
        return false;
    buffer_printf(out, room->is_list ? "[\"%s\"]" : "\"%s\"", id);
    return true;
}

static bool append_ids(const struct route *route, size_t source, struct buffer *out)
{
    const struct route_action *action = &route->action;

    for (size_t i = 0; i < route->room_count; i++)
        if (append_room_id(&route->rooms[i], source, out))
            return true;
    return action->act && (append_room_id(&action->user, source, out) ||
                           append_room_id(&action->room, source, out));
}

static bool append_field_value(const struct route *route, size_t source, struct buffer *out)
{
    for (size_t i = 0; i < route->field_count; i++) {
        const struct route_field *field = &route->fields[i];
        if (!prefers(&field->from, source))
            continue;
        if (field->is_time)
            buffer_append(out, SPAN_LIT(SAMPLE_TIME));
        else if (field->fallback)
            buffer_append(out, span_of(field->fallback));
        else
            append_word(route->sources[source], out);
        return true;
    }
    return false;
}

// The value of a member; false for one that only stands in for another.
static bool append_value(const struct route *route, size_t source, struct buffer *out)
{
    return append_ids(route, source, out) || append_field_value(route, source, out);
}

void route_text_body(const struct route *route, struct buffer *out)
{
    struct buffer value = {0};
    char before = '{';

    for (size_t i = 0; i < route->source_count; i++) {
        buffer_clear(&value);
        if (!append_value(route, i, &value))
            continue;
        buffer_append_char(out, before);
        json_string_append(out, route->sources[i]);
        buffer_append_char(out, ':');
        buffer_append(out, buffer_span(&value));
        before = ',';
    }
    if (before == '{')
        buffer_append_char(out, before);
    buffer_append_char(out, '}');
    buffer_fini(&value);
}

void route_text_event(const struct route *route, struct buffer *out)
{
    char before = '{';

    for (size_t i = 0; i < route->field_count; i++) {
        const struct route_field *field = &route->fields[i];
        if (route_field_is_replaced(route, i))
            continue;
        buffer_append_char(out, before);
        before = ',';
        buffer_append(out, span_of(field->key));
        if (field->constant)
            buffer_append(out, span_of(field->constant));
        else
            (void)append_value(route, field->from.index[0], out);
    }
    buffer_append_char(out, '}');
}
