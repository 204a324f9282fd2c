#include "common/gateway_file/room_template.h"

#include <stdlib.h>

#include "proto/envelope.h"

#define TEXT_MAX 255 // as for names in AMQP

bool route_add_source(struct file_reader *r, struct route *route, struct span name,
                      struct route_sources *from, struct span where)
{
    size_t i = 0;

    while (i < route->source_count && !span_eq(name, route->sources[i]))
        i++;
    if (from->count == ARRAY_LEN(from->index))
        return reader_refuse(r, where, "more than 8 alternatives");
    if (i == ROUTE_SOURCES_MAX)
        return reader_refuse(r, where, "the route reads more than 64 members");
    if (i == route->source_count)
        route->sources[route->source_count++] = (struct span){span_dup(name), name.len};
    from->index[from->count++] = (uint8_t)i;
    return true;
}

// Takes "[]" off the end of a name.
static bool take_list_mark(struct span *name)
{
    if (name->len < 2 || memcmp(name->ptr + name->len - 2, "[]", 2) != 0)
        return false;
    name->len -= 2;
    return true;
}

static bool read_names(struct file_reader *r, struct route *route, struct route_room *room,
                       struct span names, struct span where)
{
    struct span name;

    while (span_take_until(&names, '|', &name)) {
        bool is_list = take_list_mark(&name);
        if (name.len == 0)
            return reader_refuse(r, where, "a room has an empty member name");
        if (room->from.count > 0 && is_list != room->is_list)
            return reader_refuse(r, where, "either all alternatives end in [] or none");
        room->is_list = is_list;
        if (!route_add_source(r, route, name, &room->from, where))
            return false;
    }
    return true;
}

// Splits the template into the text before the room id, the members that may hold it, and the text
// behind it.
static bool split(struct file_reader *r, struct route *route, struct route_room *room,
                  struct span text, struct span where)
{
    struct span prefix, names, rest = text;
    bool has_place = memchr(text.ptr, '{', text.len) && span_take_until(&rest, '{', &prefix) &&
                     memchr(rest.ptr, '}', rest.len) && span_take_until(&rest, '}', &names);

    if (!has_place || memchr(names.ptr, '{', names.len) || memchr(rest.ptr, '{', rest.len) ||
        memchr(rest.ptr, '}', rest.len))
        return reader_refuse(r, where, "a room must hold one {member}, as in \"user:{userId}\"");
    room->prefix = span_dup(prefix);
    room->suffix = span_dup(rest);
    return read_names(r, route, room, names, where);
}

// False if no client can ever be in the room. A room whose type is in the body can be any.
static bool can_have_members(const struct room_types *types, const struct route_room *room)
{
    struct span prefix = span_of(room->prefix), type;

    return !types || room->from.count == 0 || !span_take_before(&prefix, SPAN_LIT(":"), &type) ||
           span_is(type, "user") || room_types_find(types, type);
}

bool room_template_read(struct file_reader *r, const struct room_types *types,
                        struct json_view value, struct route *route, struct route_room *room)
{
    char *text = NULL;

    if (!reader_name(r, value, TEXT_MAX, &text))
        return false;
    bool everybody = room_is_everybody(span_of(text));
    bool ok = everybody || split(r, route, room, span_of(text), value.raw);
    if (everybody) {
        room->prefix = span_dup(span_of(text));
        room->suffix = span_dup((struct span){0});
    }
    free(text);
    if (!ok)
        return false;
    return can_have_members(types, room) ||
           reader_refuse(
               r, value.raw,
               "nobody can be in this room: \"rooms\" of the gateway file has no type of its "
               "name");
}
