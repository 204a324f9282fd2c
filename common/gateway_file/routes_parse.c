#include "common/gateway_file/routes_parse.h"

#include <stdlib.h>

#include "common/json_string.h"
#include "common/json_view.h"
#include "common/mem.h"
#include "common/reserved_events.h"
#include "proto/letter_headers.h"

#define TEXT_MAX   255 // as for names in AMQP
#define FIELDS_MAX 64

// The state of one parse.
struct reader {
    struct file_reader *file;
    const struct room_types *rooms;
    const char *queue_prefix;
};

static bool refuse(struct reader *r, struct span where, const char *reason)
{
    return reader_refuse(r->file, where, reason);
}

static bool read_name(struct reader *r, struct json_view value, size_t max, char **out)
{
    return reader_name(r->file, value, max, out);
}

static bool add_source(struct reader *r, struct route *route, struct span name,
                       struct route_sources *from, struct span where)
{
    size_t i = 0;

    while (i < route->source_count && !span_eq(name, route->sources[i]))
        i++;
    if (from->count == ARRAY_LEN(from->index))
        return refuse(r, where, "more than 8 alternatives");
    if (i == ROUTE_SOURCES_MAX)
        return refuse(r, where, "the route reads more than 64 members");
    if (i == route->source_count)
        route->sources[route->source_count++] = (struct span){span_dup(name), name.len};
    from->index[from->count++] = (uint8_t)i;
    return true;
}

static bool read_source(struct reader *r, struct route *route, struct json_view value,
                        struct route_sources *from)
{
    char *name = NULL;

    if (!read_name(r, value, TEXT_MAX, &name))
        return false;
    bool ok = add_source(r, route, span_of(name), from, value.raw);
    free(name);
    return ok;
}

static bool read_sources(struct reader *r, struct route *route, struct json_view value,
                         struct route_sources *from)
{
    struct json_walk walk;
    struct json_view item;

    if (value.kind != JSON_KIND_ARRAY)
        return refuse(r, value.raw, "\"from\" must be a list of member names");
    walk = json_walk_into(value);
    while (json_walk_element(&walk, &item))
        if (!read_source(r, route, item, from))
            return false;
    return from->count > 0 || refuse(r, value.raw, "\"from\" is empty");
}

// Splits "user:{userId|guestId}" into the text before the room id, the members that may hold it,
// and the text behind it.
static bool split_room(struct reader *r, struct route *route, struct span room, struct span where)
{
    struct span prefix, names, name, rest = room;
    bool has_place = memchr(room.ptr, '{', room.len) && span_take_until(&rest, '{', &prefix) &&
                     memchr(rest.ptr, '}', rest.len) && span_take_until(&rest, '}', &names);

    if (!has_place || memchr(names.ptr, '{', names.len) || memchr(rest.ptr, '{', rest.len) ||
        memchr(rest.ptr, '}', rest.len))
        return refuse(r, where, "\"room\" must hold one {member}, as in \"user:{userId}\"");
    route->room_prefix = span_dup(prefix);
    route->room_suffix = span_dup(rest);
    while (span_take_until(&names, '|', &name)) {
        if (name.len == 0)
            return refuse(r, where, "\"room\" has an empty member name");
        if (!add_source(r, route, name, &route->room_from, where))
            return false;
    }
    return true;
}

// False if no client can ever be in the room. A room whose type is in the body can be any.
static bool is_room_of_a_type(const struct reader *r, const struct route *route)
{
    struct span room = span_of(route->room_prefix), type;

    return !r->rooms || !span_take_before(&room, SPAN_LIT(":"), &type) || span_is(type, "user") ||
           room_types_find(r->rooms, type);
}

static bool read_room(struct reader *r, struct route *route, struct json_view value)
{
    char *room = NULL;

    if (!read_name(r, value, TEXT_MAX, &room))
        return false;
    bool ok = split_room(r, route, span_of(room), value.raw);
    free(room);
    if (!ok)
        return false;
    return is_room_of_a_type(r, route) ||
           refuse(r, value.raw, "nobody can be in this room: \"rooms\" has no type of its name");
}

static bool read_event(struct reader *r, struct route *route, struct json_view value)
{
    if (!read_name(r, value, TEXT_MAX, &route->event))
        return false;
    return !is_reserved_event(json_view_inside(value)) ||
           refuse(r, value.raw, "Socket.IO keeps this event name for itself");
}

static char *joined(const char *a, const char *b)
{
    struct buffer text = {0};

    buffer_append(&text, span_of(a));
    buffer_append(&text, span_of(b));
    return text.ptr;
}

static bool read_routing_key(struct reader *r, struct route *route, struct json_view value)
{
    if (!read_name(r, value, TEXT_MAX - strlen(r->queue_prefix), &route->routing_key))
        return false;
    if (strpbrk(route->routing_key, "*#"))
        return refuse(r, value.raw, "a routing key with * or # is not possible here");
    if (strcmp(route->routing_key, DEAD_LETTER_KEY) == 0)
        return refuse(r, value.raw, "this routing key would take the queue of dead letters");
    route->queue = joined(r->queue_prefix, route->routing_key);
    return true;
}

static bool read_field_key(struct reader *r, struct route_field *field, struct json_view value)
{
    struct buffer key = {0};
    char *name = NULL;

    if (!read_name(r, value, TEXT_MAX, &name))
        return false;
    json_string_append(&key, span_of(name));
    buffer_append_char(&key, ':');
    field->key = key.ptr;
    free(name);
    return true;
}

static bool read_json(struct json_view value, char **out)
{
    free(*out); // given twice: the last one counts
    *out = span_dup(value.raw);
    return true;
}

static bool read_field_member(struct reader *r, struct route *route, struct route_field *field,
                              struct span name, struct json_view value)
{
    if (json_string_is(name, SPAN_LIT("name")))
        return true; // read_field_object() has read it
    if (json_string_is(name, SPAN_LIT("from")))
        return read_sources(r, route, value, &field->from);
    if (json_string_is(name, SPAN_LIT("default")))
        return read_json(value, &field->fallback);
    if (json_string_is(name, SPAN_LIT("value")))
        return read_json(value, &field->constant);
    if (json_string_is(name, SPAN_LIT("time")))
        return reader_flag(r->file, value, &field->is_time);
    return refuse(r, name, "a field has \"name\", \"from\", \"default\", \"value\" and \"time\"");
}

static bool read_field_object(struct reader *r, struct route *route, struct route_field *field,
                              struct json_view value)
{
    struct json_view name = reader_member(value, SPAN_LIT("name")), item;
    struct json_walk walk = json_walk_into(value);
    struct span key;

    if (name.kind == JSON_KIND_NONE)
        return refuse(r, value.raw, "a field without \"name\"");
    if (!read_field_key(r, field, name))
        return false;
    while (json_walk_member(&walk, &key, &item))
        if (!read_field_member(r, route, field, key, item))
            return false;
    if (field->constant && (field->from.count > 0 || field->fallback || field->is_time))
        return refuse(r, value.raw, "\"value\" stands alone, without from, default or time");
    if (field->fallback && field->is_time)
        return refuse(r, value.raw, "\"default\" and \"time\" exclude one another");
    return field->constant || field->from.count > 0 || read_source(r, route, name, &field->from);
}

static bool read_field(struct reader *r, struct route *route, struct json_view value)
{
    struct route_field *field = &route->fields[route->field_count];

    if (route->field_count == FIELDS_MAX)
        return refuse(r, value.raw, "more than 64 fields");
    route->field_count++;
    if (value.kind == JSON_KIND_OBJECT)
        return read_field_object(r, route, field, value);
    if (value.kind != JSON_KIND_STRING)
        return refuse(r, value.raw, "a field is a member name or an object");
    return read_field_key(r, field, value) && read_source(r, route, value, &field->from);
}

static bool read_fields(struct reader *r, struct route *route, struct json_view value)
{
    struct json_walk walk;
    struct json_view item;

    if (value.kind != JSON_KIND_ARRAY)
        return refuse(r, value.raw, "\"fields\" must be a list");
    walk = json_walk_into(value);
    route->fields = mem_zalloc(FIELDS_MAX * sizeof(*route->fields));
    while (json_walk_element(&walk, &item))
        if (!read_field(r, route, item))
            return false;
    return route->field_count > 0 || refuse(r, value.raw, "\"fields\" is empty");
}

static bool read_route_member(struct reader *r, struct route *route, struct span name,
                              struct json_view value)
{
    static const struct {
        const char *name;
        bool (*read)(struct reader *r, struct route *route, struct json_view value);
        size_t filled; // offset of a pointer that is set once the member was read
    } members[] = {
        {"routingKey", read_routing_key, offsetof(struct route, routing_key)},
        {"room", read_room, offsetof(struct route, room_prefix)},
        {"event", read_event, offsetof(struct route, event)},
        {"fields", read_fields, offsetof(struct route, fields)},
    };

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!json_string_is(name, span_of(members[i].name)))
            continue;
        if (*(char *const *)((const char *)route + members[i].filled))
            return refuse(r, name, "named twice");
        return members[i].read(r, route, value);
    }
    return refuse(r, name, "a route has \"routingKey\", \"room\", \"event\" and \"fields\"");
}

static bool read_route(struct reader *r, struct json_view value, struct route *route)
{
    struct json_walk walk;
    struct json_view item;
    struct span name;

    if (value.kind != JSON_KIND_OBJECT)
        return refuse(r, value.raw, "a route must be an object");
    walk = json_walk_into(value);
    while (json_walk_member(&walk, &name, &item))
        if (!read_route_member(r, route, name, item))
            return false;
    if (!route->routing_key || !route->room_prefix || !route->event || !route->fields)
        return refuse(r, value.raw, "a route needs routingKey, room, event and fields");
    return true;
}

static bool read_route_into(struct reader *r, struct json_view value, struct routes *into)
{
    struct route route = {0};

    if (!read_route(r, value, &route))
        goto fail;
    if (routes_find(into, span_of(route.routing_key))) {
        refuse(r, value.raw, "a second route with this routing key");
        goto fail;
    }
    if (into->count == into->cap) {
        refuse(r, value.raw, "more than 64 routes");
        goto fail;
    }
    into->items[into->count++] = route;
    return true;
fail:
    route_fini(&route);
    return false;
}

bool routes_parse(struct file_reader *file, struct json_view list, const struct room_types *rooms,
                  struct routes *into)
{
    struct reader r = {file, rooms, into->queue_prefix};
    struct json_walk walk;
    struct json_view item;

    if (list.kind != JSON_KIND_ARRAY)
        return refuse(&r, list.raw, "a list of routes is wanted here");
    walk = json_walk_into(list);
    while (json_walk_element(&walk, &item))
        if (!read_route_into(&r, item, into))
            return false;
    routes_sort(into);
    return true;
}
