#include "edge/gateway/web/console_outline.h"

#include "common/gateway_file/route_text.h"
#include "common/json_string.h"

static void append_comma(struct buffer *out)
{
    if (out->ptr[out->len - 1] != '[')
        buffer_append_char(out, ',');
}

static void append_room(const struct route *route, const struct route_room *room,
                        struct buffer *out)
{
    struct buffer text = {0};

    route_text_room(route, room, &text);
    append_comma(out);
    json_string_append(out, buffer_span(&text));
    buffer_fini(&text);
}

static void append_rooms(const struct route *route, struct buffer *out)
{
    const struct route_action *action = &route->action;

    for (size_t i = 0; i < route->room_count; i++)
        append_room(route, &route->rooms[i], out);
    if (action->act)
        append_room(route, &action->user, out);
    if (action->act && action->act != ROUTE_DISCONNECT)
        append_room(route, &action->room, out);
}

static void append_route(const struct route *route, struct buffer *out)
{
    append_comma(out);
    buffer_append(out, SPAN_LIT("{\"routingKey\":"));
    json_string_append(out, span_of(route->routing_key));
    buffer_append(out, SPAN_LIT(",\"event\":"));
    if (route->event)
        json_string_append(out, span_of(route->event));
    else
        buffer_append(out, SPAN_LIT("null"));
    buffer_append(out, SPAN_LIT(",\"rooms\":["));
    append_rooms(route, out);
    buffer_append(out, SPAN_LIT("],\"body\":"));
    route_text_body(route, out);
    buffer_append_char(out, '}');
}

void console_outline_write(const struct gateway_file *file, struct buffer *out)
{
    buffer_append(out, SPAN_LIT("{\"rooms\":["));
    for (size_t i = 0; i < file->rooms->count; i++) {
        if (file->rooms->items[i].join == ROOM_JOIN_NONE)
            continue;
        append_comma(out);
        json_string_append(out, span_of(file->rooms->items[i].name));
    }
    buffer_append(out, SPAN_LIT("],\"routes\":["));
    for (size_t i = 0; i < file->routes->count; i++)
        append_route(&file->routes->items[i], out);
    buffer_append(out, SPAN_LIT("]}"));
}
