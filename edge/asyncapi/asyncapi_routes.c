#include "common/gateway_file/route_text.h"
#include "edge/asyncapi/asyncapi_parts.h"

bool asyncapi_leads_to(const struct route *route, const char *event)
{
    return route->event && strcmp(route->event, event) == 0;
}

bool asyncapi_is_new_event(const struct routes *routes, size_t at)
{
    const char *event = routes->items[at].event;

    for (size_t i = 0; event && i < at; i++)
        if (asyncapi_leads_to(&routes->items[i], event))
            return false;
    return event != NULL;
}

static bool is_any(const struct routes *routes, size_t at)
{
    (void)routes;
    (void)at;
    return true;
}

static const char *routing_key_of(const struct route *route)
{
    return route->routing_key;
}

static const char *event_of(const struct route *route)
{
    return route->event;
}

// A line for each route, with the key of its message.
static void write_lines(const struct gateway_file *file, const struct yaml *y,
                        bool (*wanted)(const struct routes *routes, size_t at),
                        const char *(*name_of)(const struct route *route), const char *format)
{
    for (size_t i = 0; i < file->routes->count; i++)
        if (wanted(file->routes, i))
            yaml_line_with_key(y, 0, format, name_of(&file->routes->items[i]));
}

void asyncapi_published_refs(const struct gateway_file *file, const struct yaml *y)
{
    if (file->routes->count == 0 && !file->publishes)
        yaml_line(y, 0, "{}");
    if (file->publishes)
        yaml_line_with_key(y, 0, "published.@: { $ref: '#/components/messages/published.@' }",
                           ROUTE_DIRECT_KEY);
    write_lines(file, y, is_any, routing_key_of,
                "published.@: { $ref: '#/components/messages/published.@' }");
}

void asyncapi_event_refs(const struct gateway_file *file, const struct yaml *y)
{
    write_lines(file, y, asyncapi_is_new_event, event_of,
                "event.@: { $ref: '#/components/messages/event.@' }");
}

void asyncapi_routing_keys(const struct gateway_file *file, const struct yaml *y)
{
    struct buffer names = {0};

    for (size_t i = 0; i < file->routes->count; i++) {
        buffer_append(&names, i == 0 ? SPAN_LIT("") : SPAN_LIT(", "));
        yaml_append_quoted(&names, span_of(file->routes->items[i].routing_key));
    }
    if (file->publishes)
        buffer_printf(&names, "%s\"" ROUTE_DIRECT_KEY "\"", names.len > 0 ? ", " : "");
    yaml_line(y, 0, "enum: [%s]", names.ptr ? names.ptr : "");
    buffer_fini(&names);
}

static bool has_events(const struct routes *routes)
{
    for (size_t i = 0; i < routes->count; i++)
        if (routes->items[i].event)
            return true;
    return false;
}

void asyncapi_deliver_events(const struct gateway_file *file, const struct yaml *y)
{
    const struct yaml refs = {y->out, y->indent + 4};

    if (!has_events(file->routes))
        return;
    yaml_line(y, 0, "deliverEvents:");
    yaml_line(y, 2, "action: send");
    yaml_line(y, 2, "title: To all members of a room, from a service");
    yaml_line(y, 2, "channel: { $ref: '#/channels/namespace' }");
    yaml_line(y, 2, "messages:");
    write_lines(file, &refs, asyncapi_is_new_event, event_of,
                "- $ref: '#/channels/namespace/messages/event.@'");
}

// ---- messages

static void append_rooms(const struct route *route, struct buffer *out)
{
    for (size_t i = 0; i < route->room_count; i++) {
        buffer_append(out, i == 0 ? SPAN_LIT("`") : SPAN_LIT(" and `"));
        route_text_room(route, &route->rooms[i], out);
        buffer_append_char(out, '`');
    }
}

static void append_action(const struct route *route, struct buffer *out)
{
    static const char *const verbs[] = {[ROUTE_LEAVE] = "is taken out of",
                                        [ROUTE_JOIN] = "is let into",
                                        [ROUTE_DISCONNECT] = "is disconnected"};
    const struct route_action *action = &route->action;

    buffer_append(out, SPAN_LIT("`"));
    route_text_room(route, &action->user, out);
    buffer_printf(out, "` %s", verbs[action->act]);
    if (action->act == ROUTE_DISCONNECT)
        return;
    buffer_append(out, SPAN_LIT(" `"));
    route_text_room(route, &action->room, out);
    buffer_append(out, SPAN_LIT("`"));
}

static void append_outcome(const struct route *route, struct buffer *out)
{
    if (route->event) {
        buffer_printf(out, "Becomes %s in ", route->event);
        append_rooms(route, out);
    }
    if (route->action.act) {
        buffer_append(out, route->event ? SPAN_LIT("; ") : SPAN_LIT(""));
        append_action(route, out);
    }
}

static void write_published(const struct route *route, const struct yaml *y)
{
    struct buffer title = {0}, sample = {0}, body = {0};

    append_outcome(route, &title);
    route_text_body(route, &sample);
    yaml_append_json(&body, buffer_span(&sample));
    yaml_line_with_key(y, 0, "published.@:", route->routing_key);
    yaml_line_with_text(y, 2, "name", span_of(route->routing_key));
    yaml_line_with_text(y, 2, "title", buffer_span(&title));
    yaml_line(y, 2, "headers: { $ref: '#/components/schemas/EventHeaders' }");
    yaml_line_with_key(y, 2, "payload: { $ref: '#/components/schemas/published.@' }",
                       route->routing_key);
    buffer_clear(&sample);
    yaml_append_quoted(&sample, span_of(route->routing_key));
    yaml_line(y, 2, "examples:");
    yaml_line(y, 4, "- name: flat");
    yaml_line(y, 6, "payload: %s", body.ptr);
    yaml_line(y, 4, "- name: wrapped");
    yaml_line(y, 6, "payload: {\"eventName\":%s,\"data\":%s}", sample.ptr, body.ptr);
    buffer_fini(&title);
    buffer_fini(&sample);
    buffer_fini(&body);
}

// Events that name their rooms themselves.
static void write_direct(const struct yaml *y)
{
    yaml_line(y, 0, "published." ROUTE_DIRECT_KEY ":");
    yaml_line(y, 2, "name: " ROUTE_DIRECT_KEY);
    yaml_line(y, 2, "title: Becomes the event that it names, in the rooms that it names");
    yaml_line(y, 2, "headers: { $ref: '#/components/schemas/EventHeaders' }");
    yaml_line(y, 2, "payload: { $ref: '#/components/schemas/published." ROUTE_DIRECT_KEY "' }");
}

void asyncapi_published_messages(const struct gateway_file *file, const struct yaml *y)
{
    if (file->publishes)
        write_direct(y);
    for (size_t i = 0; i < file->routes->count; i++)
        write_published(&file->routes->items[i], y);
}

// Appends the rooms of all routes that lead to the event.
static void append_event_rooms(const struct routes *routes, const char *event, struct buffer *out)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        if (!asyncapi_leads_to(route, event))
            continue;
        buffer_append(out, out->len == 0 ? SPAN_LIT("To the members of ") : SPAN_LIT("; of "));
        append_rooms(route, out);
    }
}

static void write_event(const struct routes *routes, const struct route *route,
                        const struct yaml *y)
{
    struct buffer title = {0}, sample = {0}, body = {0};

    append_event_rooms(routes, route->event, &title);
    route_text_event(route, &sample);
    yaml_append_json(&body, buffer_span(&sample));
    yaml_line_with_key(y, 0, "event.@:", route->event);
    yaml_line_with_text(y, 2, "name", span_of(route->event));
    yaml_line_with_text(y, 2, "title", buffer_span(&title));
    yaml_line_with_key(y, 2, "payload: { $ref: '#/components/schemas/event.@' }", route->event);
    yaml_line(y, 2, "examples:");
    yaml_line(y, 4, "- payload: %s", body.ptr);
    buffer_fini(&title);
    buffer_fini(&sample);
    buffer_fini(&body);
}

void asyncapi_event_messages(const struct gateway_file *file, const struct yaml *y)
{
    for (size_t i = 0; i < file->routes->count; i++)
        if (asyncapi_is_new_event(file->routes, i))
            write_event(file->routes, &file->routes->items[i], y);
}
