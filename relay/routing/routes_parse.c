#include "relay/routing/routes_parse.h"

#include <stdlib.h>

#include "common/json_string.h"
#include "common/json_view.h"
#include "common/mem.h"
#include "common/reserved_events.h"
#include "proto/letter_headers.h"

#define TEXT_MAX   255 // as for names in AMQP
#define FIELDS_MAX 64

// The state of one parse. Only the first error is reported.
struct reader {
    struct span text;
    const char *path, *queue_prefix;
    struct buffer *errors;
};

static size_t line_of(struct span text, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < offset && i < text.len; i++)
        line += text.ptr[i] == '\n';
    return line;
}

static bool refuse_at(struct reader *r, size_t offset, const char *reason)
{
    buffer_printf(r->errors, "%s:%zu: %s\n", r->path, line_of(r->text, offset), reason);
    return false;
}

// Reports an error at `where`, a view into the text. Returns false.
static bool refuse(struct reader *r, struct span where, const char *reason)
{
    return refuse_at(r, (size_t)(where.ptr - r->text.ptr), reason);
}

// Reads a string that can be a name: not empty, at most `max` bytes, no control characters.
static bool read_name(struct reader *r, struct json_view value, size_t max, char **out)
{
    struct buffer text = {0};

    if (value.kind != JSON_KIND_STRING)
        return refuse(r, value.raw, "a string is wanted here");
    bool ok = json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, &text) &&
              text.len > 0 && text.len <= max && !span_has_control(buffer_span(&text));
    if (ok)
        *out = span_dup(buffer_span(&text));
    buffer_fini(&text);
    return ok || refuse(r, value.raw, "empty, too long, or not plain text");
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

static bool read_room(struct reader *r, struct route *route, struct json_view value)
{
    char *room = NULL;

    if (!read_name(r, value, TEXT_MAX, &room))
        return false;
    bool ok = split_room(r, route, span_of(room), value.raw);
    free(room);
    return ok;
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

static bool read_flag(struct reader *r, struct json_view value, bool *out)
{
    if (value.kind != JSON_KIND_BOOL)
        return refuse(r, value.raw, "true or false is wanted here");
    *out = value.raw.ptr[0] == 't';
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
        return read_flag(r, value, &field->is_time);
    return refuse(r, name, "a field has \"name\", \"from\", \"default\", \"value\" and \"time\"");
}

// Returns the value of the member `name`, of kind JSON_KIND_NONE if there is none.
static struct json_view member_of(struct json_view object, struct span name)
{
    struct json_walk walk = json_walk_into(object);
    struct json_view value, found = {0};
    struct span key;

    while (json_walk_member(&walk, &key, &value))
        if (json_string_is(key, name))
            found = value;
    return found;
}

static bool read_field_object(struct reader *r, struct route *route, struct route_field *field,
                              struct json_view value)
{
    struct json_view name = member_of(value, SPAN_LIT("name")), item;
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

static bool read_text(struct reader *r, struct routes *into)
{
    struct json_view top, list = {0}, item;
    struct json_fault fault;
    struct json_walk walk;
    struct span name;

    if (!json_view_parse(r->text, JSON_DEPTH_MAX, &top, &fault))
        return refuse_at(r, fault.offset, fault.reason);
    if (top.kind != JSON_KIND_OBJECT)
        return refuse(r, top.raw, "the file must be an object with \"routes\"");
    walk = json_walk_into(top);
    while (json_walk_member(&walk, &name, &item)) {
        if (!json_string_is(name, SPAN_LIT("routes")))
            return refuse(r, name, "the file has \"routes\" and nothing else");
        list = item;
    }
    if (list.kind != JSON_KIND_ARRAY)
        return refuse(r, top.raw, "the file needs \"routes\", a list");
    walk = json_walk_into(list);
    while (json_walk_element(&walk, &item))
        if (!read_route_into(r, item, into))
            return false;
    return true;
}

bool routes_parse(struct span text, const char *path, struct routes *into, struct buffer *errors)
{
    struct reader r = {text, path, into->queue_prefix, errors};

    return read_text(&r, into);
}
