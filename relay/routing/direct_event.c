#include "relay/routing/direct_event.h"

#include "common/json_string.h"
#include "common/reserved_events.h"

#define EVENT_NAME_MAX 255

static bool is_known(const struct gateway_file *file, struct span room)
{
    struct span rest = room, type;

    if (room_is_everybody(room))
        return true;
    return span_take_before(&rest, SPAN_LIT(":"), &type) && rest.len > 0 &&
           (span_is(type, "user") || room_types_find(file->rooms, type));
}

static enum translate_status add_room(const struct gateway_file *file, struct json_view value,
                                      struct room_list *rooms)
{
    static const enum translate_status results[] = {[ROOM_ADDED] = TRANSLATE_OK,
                                                    [ROOM_NO_NAME] = TRANSLATE_BAD_ROOM,
                                                    [ROOM_TOO_MANY] = TRANSLATE_TOO_MANY_ROOMS};
    struct buffer *text = &rooms->text;
    size_t start = text->len;

    if (value.kind != JSON_KIND_STRING ||
        !json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, text))
        return TRANSLATE_BAD_ROOM;
    if (!is_known(file, (struct span){text->ptr + start, text->len - start}))
        return TRANSLATE_NO_TYPE;
    return results[room_list_add(rooms)];
}

static enum translate_status read_rooms(const struct gateway_file *file, struct json_view list,
                                        struct room_list *rooms)
{
    struct json_walk walk;
    struct json_view item;

    if (list.kind == JSON_KIND_NONE)
        return TRANSLATE_NO_ROOM;
    if (list.kind != JSON_KIND_ARRAY)
        return TRANSLATE_NO_LIST;
    walk = json_walk_into(list);
    while (json_walk_element(&walk, &item)) {
        enum translate_status status = add_room(file, item, rooms);
        if (status != TRANSLATE_OK)
            return status;
    }
    return rooms->count > 0 ? TRANSLATE_OK : TRANSLATE_NO_ROOM;
}

// What a client sends must not pass for what a service says, nor the other way round.
static bool is_of_clients(const struct gateway_file *file, struct span name)
{
    for (size_t i = 0; i < file->client_events->count; i++)
        if (file->client_events->items[i].as && span_is(name, file->client_events->items[i].as))
            return true;
    return false;
}

static bool read_name(const struct gateway_file *file, struct json_view value, struct buffer *name)
{
    if (value.kind != JSON_KIND_STRING || is_reserved_event(json_view_inside(value)) ||
        !json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, name))
        return false;
    struct span text = buffer_span(name);
    return text.len > 0 && text.len <= EVENT_NAME_MAX && !span_has_control(text) &&
           !is_gateway_event(text) && !is_of_clients(file, text);
}

enum translate_status direct_event_read(const struct gateway_file *file, struct json_view body,
                                        struct direct_event *out)
{
    struct json_view rooms = {0}, name = {0}, data = {0}, value;
    struct json_walk walk = json_walk_into(body);
    struct span key;

    while (json_walk_member(&walk, &key, &value)) {
        if (json_string_is(key, SPAN_LIT("rooms")))
            rooms = value;
        else if (json_string_is(key, SPAN_LIT("event")))
            name = value;
        else if (json_string_is(key, SPAN_LIT("data")))
            data = value;
    }
    out->data = data.kind == JSON_KIND_NONE ? SPAN_LIT("{}") : data.raw;
    enum translate_status status = read_rooms(file, rooms, out->rooms);
    if (status != TRANSLATE_OK)
        return status;
    return read_name(file, name, out->name) ? TRANSLATE_OK : TRANSLATE_BAD_EVENT;
}
