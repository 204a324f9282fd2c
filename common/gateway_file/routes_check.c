#include "common/gateway_file/routes_check.h"

#include <string.h>

#define NOBODY                                                                                     \
    "nobody can be in a room of this event: its type has \"join\": \"none\" and no "               \
    "\"onConnect\", and no event has a \"join\" into it"

// The route whose event the members of a room could take that of a client for; or NULL.
static const struct route *passes_for(const struct checked_routes *c,
                                      const struct client_event_type *type)
{
    for (size_t i = 0; i < c->routes->count; i++) {
        const struct route *route = &c->routes->items[i];
        if (route->event && type->as && strcmp(route->event, type->as) == 0)
            return route;
    }
    return NULL;
}

// The route by which the relay could take what clients publish for an event of a service; or NULL.
static const struct route *publishes_as(const struct checked_routes *c,
                                        const struct client_event_type *type)
{
    return type->routing_key ? routes_find(c->routes, span_of(type->routing_key)) : NULL;
}

// A client must not pass for a service.
static bool check_senders(struct file_reader *r, const struct checked_routes *c)
{
    for (size_t i = 0; i < c->client_events->count; i++) {
        const struct client_event_type *type = &c->client_events->items[i];
        if (publishes_as(c, type))
            return reader_refuse_line(
                r, type->line, "services publish events by the \"routingKey\" of \"publish\"");
        if (passes_for(c, type))
            return reader_refuse_line(r, type->line,
                                      "services send an event of the name that \"as\" gives");
    }
    return true;
}

// The type of a template's rooms; empty if the body says it.
static struct span type_of(const struct route_room *room)
{
    struct span prefix = span_of(room->prefix), type = {0};

    (void)span_take_before(&prefix, SPAN_LIT(":"), &type);
    return type;
}

static bool is_let_into(const struct routes *routes, struct span type)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct route_action *action = &routes->items[i].action;
        if (action->act != ROUTE_JOIN)
            continue;
        struct span into = type_of(&action->room);
        if (into.len == 0 || span_eq(into, type))
            return true;
    }
    return false;
}

static bool is_empty_for_ever(const struct checked_routes *c, const struct route_room *room)
{
    const struct room_type *type = room_types_find(c->rooms, type_of(room));

    return type && type->join == ROOM_JOIN_NONE && !type->claim &&
           !is_let_into(c->routes, span_of(type->name));
}

// The route with a room that nobody can be in; or NULL.
static const struct route *goes_nowhere(const struct checked_routes *c)
{
    for (size_t i = 0; i < c->routes->count; i++) {
        const struct route *route = &c->routes->items[i];
        for (size_t j = 0; j < route->room_count; j++)
            if (is_empty_for_ever(c, &route->rooms[j]))
                return route;
    }
    return NULL;
}

static bool check_rooms_of_events(struct file_reader *r, const struct checked_routes *c)
{
    const struct route *route = goes_nowhere(c);

    return !route || reader_refuse_line(r, route->event_line, NOBODY);
}

// An event of the gateway's file can lose the "join" into its rooms, when another one replaces it.
static bool check_rooms_with_added(struct file_reader *r, const struct checked_routes *c)
{
    const struct route *route = goes_nowhere(c);

    if (!route)
        return true;
    return route->is_added
               ? reader_refuse_line(r, route->event_line, NOBODY)
               : reader_refuse_line(r, 1,
                                    "nobody can be in a room of an event of the gateway file any "
                                    "more: a route of this file replaces the event with the "
                                    "\"join\" into it");
}

// A client must not pass for a service of the added routes either.
static bool check_senders_with_added(struct file_reader *r, const struct checked_routes *c)
{
    for (size_t i = 0; i < c->client_events->count; i++) {
        const struct client_event_type *type = &c->client_events->items[i];
        const struct route *route = publishes_as(c, type);
        if (route)
            return reader_refuse_line(
                r, route->event_line > 0 ? route->event_line : 1,
                "clients publish by a routing key of this file: \"publish\" of "
                "\"clientEvents\" gives it");
        route = passes_for(c, type);
        if (route)
            return reader_refuse_line(r, route->event_line,
                                      "clients send an event of this name: an \"as\" of "
                                      "\"clientEvents\" gives it");
    }
    return true;
}

bool routes_check(struct file_reader *r, const struct checked_routes *c)
{
    return check_rooms_of_events(r, c) && check_senders(r, c);
}

bool routes_check_added(struct file_reader *r, const struct checked_routes *c)
{
    return check_rooms_with_added(r, c) && check_senders_with_added(r, c);
}
