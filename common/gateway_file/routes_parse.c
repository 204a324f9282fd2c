#include "common/gateway_file/routes_parse.h"

#include <stdlib.h>

#include "common/gateway_file/room_template.h"
#include "common/gateway_file/route_action_parse.h"
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

static bool read_source(struct reader *r, struct route *route, struct json_view value,
                        struct route_sources *from)
{
    char *name = NULL;

    if (!read_name(r, value, TEXT_MAX, &name))
        return false;
    bool ok = route_add_source(r->file, route, span_of(name), from, value.raw);
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

static bool add_room(struct reader *r, struct route *route, struct json_view value)
{
    if (!route->rooms)
        route->rooms = mem_zalloc(ROUTE_ROOMS_MAX * sizeof(route->rooms[0]));
    if (route->room_count == ROUTE_ROOMS_MAX)
        return refuse(r, value.raw, "more than 16 rooms");
    return room_template_read(r->file, r->rooms, value, route, &route->rooms[route->room_count++]);
}

static bool read_rooms(struct reader *r, struct route *route, struct json_view value)
{
    size_t before = route->room_count;
    struct json_walk walk;
    struct json_view item;

    if (value.kind != JSON_KIND_ARRAY)
        return refuse(r, value.raw, "\"rooms\" must be a list");
    walk = json_walk_into(value);
    while (json_walk_element(&walk, &item))
        if (!add_room(r, route, item))
            return false;
    return route->room_count > before || refuse(r, value.raw, "\"rooms\" is empty");
}

static bool read_event(struct reader *r, struct route *route, struct json_view value)
{
    if (!read_name(r, value, TEXT_MAX, &route->event))
        return false;
    route->event_line = reader_line(r->file, value.raw);
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
    if (strcmp(route->routing_key, ROUTE_DIRECT_KEY) == 0)
        return refuse(r, value.raw, "this routing key is kept: \"publish\": true takes it");
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

static bool read_leave(struct reader *r, struct route *route, struct json_view value)
{
    return route_action_read(r->file, r->rooms, value, ROUTE_LEAVE, route);
}

static bool read_join(struct reader *r, struct route *route, struct json_view value)
{
    return route_action_read(r->file, r->rooms, value, ROUTE_JOIN, route);
}

static bool read_disconnect(struct reader *r, struct route *route, struct json_view value)
{
    return route_action_read(r->file, r->rooms, value, ROUTE_DISCONNECT, route);
}

// `seen` has a bit for each member that the route had so far.
static bool read_route_member(struct reader *r, struct route *route, struct span name,
                              struct json_view value, unsigned *seen)
{
    static const struct {
        const char *name;
        bool (*read)(struct reader *r, struct route *route, struct json_view value);
    } members[] = {
        {"routingKey", read_routing_key},
        {"room", add_room},
        {"rooms", read_rooms},
        {"leave", read_leave},
        {"join", read_join},
        {"disconnect", read_disconnect},
        {"event", read_event},
        {"fields", read_fields},
    };

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!json_string_is(name, span_of(members[i].name)))
            continue;
        if (*seen & (1U << i))
            return refuse(r, name, "named twice");
        *seen |= 1U << i;
        return members[i].read(r, route, value);
    }
    return refuse(r, name,
                  "a route has \"routingKey\", \"room\", \"rooms\", \"event\", \"fields\", "
                  "\"leave\", \"join\" and \"disconnect\"");
}

static bool read_route(struct reader *r, struct json_view value, struct route *route)
{
    struct json_walk walk;
    struct json_view item;
    struct span name;
    unsigned seen = 0;

    if (value.kind != JSON_KIND_OBJECT)
        return refuse(r, value.raw, "a route must be an object");
    walk = json_walk_into(value);
    while (json_walk_member(&walk, &name, &item))
        if (!read_route_member(r, route, name, item, &seen))
            return false;
    bool has_event = route->rooms && route->event && route->fields;
    bool only_acts = route->action.act && !route->rooms && !route->event && !route->fields;
    if (!route->routing_key || !(has_event || only_acts))
        return refuse(r, value.raw, "a route needs routingKey, room or rooms, event and fields");
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
