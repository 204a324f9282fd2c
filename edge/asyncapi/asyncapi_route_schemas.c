#include "edge/asyncapi/asyncapi_parts.h"

#define ROOM_BYTES_MAX 512
#define NO_CONTROLS    "'^[^\\u0000-\\u001F\\u007F]*$'"

static void append_source(const struct route *route, const struct route_sources *from, size_t at,
                          struct buffer *out)
{
    yaml_append_quoted(out, route->sources[from->index[at]]);
}

// ---- what a route takes

// Appends the schema of an id that the template makes a room of. Characters are counted, so it is
// no narrower than the gateway, which counts bytes.
static void append_id(const struct route_room *room, struct buffer *out)
{
    size_t around = strlen(room->prefix) + strlen(room->suffix);

    buffer_printf(out,
                  "{ anyOf: [{ type: string, minLength: 1, maxLength: %zu, pattern: " NO_CONTROLS
                  " }, { $ref: '#/components/schemas/Integer' }] }",
                  around < ROOM_BYTES_MAX ? ROOM_BYTES_MAX - around : 1);
}

// A room: the first member with something in it must be an id.
static void write_single(const struct route *route, const struct route_room *room, size_t at,
                         const struct yaml *y)
{
    const struct yaml inner = {y->out, y->indent + 2};
    struct buffer name = {0}, id = {0};

    append_source(route, &room->from, at, &name);
    append_id(room, &id);
    if (at + 1 == room->from.count) {
        yaml_line(y, 0, "required: [%s]", name.ptr);
        yaml_line(y, 0, "properties: { %s: %s }", name.ptr, id.ptr);
    } else {
        yaml_line(y, 0, "if:");
        yaml_line(y, 2, "required: [%s]", name.ptr);
        yaml_line(y, 2, "properties: { %s: { not: { $ref: '#/components/schemas/Nothing' } } }",
                  name.ptr);
        yaml_line(y, 0, "then:");
        yaml_line(y, 2, "properties: { %s: %s }", name.ptr, id.ptr);
        yaml_line(y, 0, "else:");
        write_single(route, room, at + 1, &inner);
    }
    buffer_fini(&name);
    buffer_fini(&id);
}

// Several rooms: one of the members must be there.
static void write_several(const struct route *route, const struct yaml *y)
{
    yaml_line(y, 0, "anyOf:");
    for (size_t i = 0; i < route->room_count; i++)
        for (size_t j = 0; j < route->rooms[i].from.count; j++) {
            struct buffer name = {0};
            append_source(route, &route->rooms[i].from, j, &name);
            yaml_line(y, 2, "- { required: [%s] }", name.ptr);
            buffer_fini(&name);
        }
}

// Such an event needs no member for its rooms.
static bool goes_to_all(const struct route *route)
{
    for (size_t i = 0; i < route->room_count; i++)
        if (route->rooms[i].from.count == 0)
            return true;
    return false;
}

static void write_conditions(const struct route *route, const struct yaml *y)
{
    const struct yaml inner = {y->out, y->indent + 4};
    bool is_single = route->room_count == 1 && !route->rooms[0].is_list;

    yaml_line(y, 0, "allOf:");
    if (route->room_count > 0)
        yaml_line(y, 2, "- type: object");
    if (is_single && !goes_to_all(route))
        write_single(route, &route->rooms[0], 0, &inner);
    else if (route->room_count > 0 && !goes_to_all(route))
        write_several(route, &inner);
    if (!route->action.act)
        return;
    yaml_line(y, 2, "- type: object");
    write_single(route, &route->action.user, 0, &inner);
    if (route->action.act == ROUTE_DISCONNECT)
        return;
    yaml_line(y, 2, "- type: object");
    write_single(route, &route->action.room, 0, &inner);
}

static bool is_time(const struct route *route, size_t source)
{
    for (size_t i = 0; i < route->field_count; i++)
        for (size_t j = 0; route->fields[i].is_time && j < route->fields[i].from.count; j++)
            if (route->fields[i].from.index[j] == source)
                return true;
    return false;
}

static void write_members(const struct route *route, const struct yaml *y)
{
    yaml_line(y, 0, route->source_count > 0 ? "properties:" : "properties: {}");
    for (size_t i = 0; i < route->source_count; i++) {
        struct buffer name = {0};
        yaml_append_quoted(&name, route->sources[i]);
        yaml_line(y, 2, "%s: { $ref: '#/components/schemas/%s' }", name.ptr,
                  is_time(route, i) ? "ServiceTime" : "Passed");
        buffer_fini(&name);
    }
}

static void write_body(const struct route *route, const struct yaml *y)
{
    const struct yaml inner = {y->out, y->indent + 2};
    struct buffer key = {0};

    yaml_append_key(&key, span_of(route->routing_key));
    yaml_line(y, 0, "published.%s:", key.ptr);
    yaml_line(y, 2, "if: { $ref: '#/components/schemas/Wrapped' }");
    yaml_line(y, 2, "then: { properties: { data: { $ref: '#/components/schemas/data.%s' } } }",
              key.ptr);
    yaml_line(y, 2, "else: { $ref: '#/components/schemas/data.%s' }", key.ptr);
    yaml_line(y, 0, "data.%s:", key.ptr);
    yaml_line(y, 2, "description: Further members are left out.");
    yaml_line(y, 2, "type: object");
    write_members(route, &inner);
    write_conditions(route, &inner);
    buffer_fini(&key);
}

static void write_direct(const struct yaml *y)
{
    yaml_line(y, 0, "published." ROUTE_DIRECT_KEY ":");
    yaml_line(y, 2, "type: object");
    yaml_line(y, 2, "required: [rooms, event]");
    yaml_line(y, 2, "properties:");
    yaml_line(y, 4, "rooms:");
    yaml_line(y, 6, "description: 'Of a type of the file, of a user, or `*`: every client'");
    yaml_line(y, 6, "type: array");
    yaml_line(y, 6, "minItems: 1");
    yaml_line(y, 6, "maxItems: 1000");
    yaml_line(y, 6, "items: { type: string, minLength: 1, maxLength: %d }", ROOM_BYTES_MAX);
    yaml_line(y, 4, "event: { type: string, minLength: 1, maxLength: 255 }");
    yaml_line(y, 4, "data: { description: 'What clients get. Absent, they get an empty object' }");
}

void asyncapi_body_schemas(const struct gateway_file *file, const struct yaml *y)
{
    if (file->publishes)
        write_direct(y);
    for (size_t i = 0; i < file->routes->count; i++)
        write_body(&file->routes->items[i], y);
}

// ---- what clients get

// The members of the body are in the event under the names that the route gives.
static void append_field_name(const struct route_field *field, struct buffer *out)
{
    struct span key = span_of(field->key);

    key.len--; // the colon
    yaml_append_json(out, key);
}

// True if the route would have no room without the member that the field copies.
static bool is_id(const struct route *route, const struct route_field *field)
{
    const struct route_room *room = &route->rooms[0];

    return route->room_count == 1 && !room->is_list && room->from.count == 1 &&
           field->from.count > 0 && field->from.index[0] == room->from.index[0];
}

static bool is_always_there(const struct route *route, const struct route_field *field)
{
    return field->constant || field->fallback || field->is_time || is_id(route, field);
}

static void append_schema(const struct route *route, const struct route_field *field,
                          struct buffer *out)
{
    if (field->constant) {
        buffer_append(out, SPAN_LIT("{ const: "));
        yaml_append_json(out, span_of(field->constant));
        buffer_append(out, SPAN_LIT(" }"));
    } else if (is_id(route, field)) {
        append_id(&route->rooms[0], out);
    } else {
        buffer_printf(out, "{ $ref: '#/components/schemas/%s' }",
                      field->is_time ? "ServiceTime" : "Passed");
    }
}

static void append_required(const struct route *route, struct buffer *out)
{
    for (size_t i = 0; i < route->field_count; i++) {
        if (route_field_is_replaced(route, i) || !is_always_there(route, &route->fields[i]))
            continue;
        buffer_append(out, out->len == 0 ? SPAN_LIT("") : SPAN_LIT(", "));
        append_field_name(&route->fields[i], out);
    }
}

// The lines of the object that a route makes. The first one is begun with `mark`.
static void write_object(const struct route *route, const char *mark, unsigned deeper,
                         const struct yaml *y)
{
    struct buffer text = {0};

    append_required(route, &text);
    yaml_line(y, deeper - (unsigned)strlen(mark), "%stype: object", mark);
    yaml_line(y, deeper, "required: [%s]", text.ptr ? text.ptr : "");
    yaml_line(y, deeper, "additionalProperties: false");
    yaml_line(y, deeper, "properties:");
    for (size_t i = 0; i < route->field_count; i++) {
        if (route_field_is_replaced(route, i))
            continue;
        buffer_clear(&text);
        append_field_name(&route->fields[i], &text);
        buffer_append(&text, SPAN_LIT(": "));
        append_schema(route, &route->fields[i], &text);
        yaml_line(y, deeper + 2, "%s", text.ptr);
    }
    buffer_fini(&text);
}

static size_t count_routes(const struct routes *routes, const char *event)
{
    size_t count = 0;

    for (size_t i = 0; i < routes->count; i++)
        count += asyncapi_leads_to(&routes->items[i], event);
    return count;
}

static void write_event(const struct routes *routes, const char *event, const struct yaml *y)
{
    bool is_one = count_routes(routes, event) == 1;
    struct buffer key = {0};

    yaml_append_key(&key, span_of(event));
    yaml_line(y, 0, "event.%s:", key.ptr);
    if (!is_one)
        yaml_line(y, 2, "anyOf:");
    for (size_t i = 0; i < routes->count; i++)
        if (asyncapi_leads_to(&routes->items[i], event))
            write_object(&routes->items[i], is_one ? "" : "- ", is_one ? 2 : 6, y);
    buffer_fini(&key);
}

void asyncapi_event_schemas(const struct gateway_file *file, const struct yaml *y)
{
    for (size_t i = 0; i < file->routes->count; i++)
        if (asyncapi_is_new_event(file->routes, i))
            write_event(file->routes, file->routes->items[i].event, y);
}
