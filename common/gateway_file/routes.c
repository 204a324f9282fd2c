#include "common/gateway_file/routes.h"

#include <assert.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/mem.h"

static void route_room_fini(struct route_room *room)
{
    free(room->prefix);
    free(room->suffix);
}

void route_fini(struct route *route)
{
    route_room_fini(&route->action.user);
    route_room_fini(&route->action.room);
    for (size_t i = 0; i < route->field_count; i++) {
        free(route->fields[i].key);
        free(route->fields[i].fallback);
        free(route->fields[i].constant);
    }
    for (size_t i = 0; i < route->room_count; i++)
        route_room_fini(&route->rooms[i]);
    for (size_t i = 0; i < route->source_count; i++)
        free((void *)route->sources[i].ptr);
    free(route->fields);
    free(route->routing_key);
    free(route->queue);
    free(route->event);
    free(route->rooms);
    *route = (struct route){0};
}

struct route *routes_find(const struct routes *routes, struct span routing_key)
{
    for (size_t i = 0; i < routes->count; i++)
        if (span_is(routing_key, routes->items[i].routing_key))
            return &routes->items[i];
    return NULL;
}

struct routes *routes_new(const char *queue_prefix)
{
    struct routes *routes = mem_zalloc(sizeof(*routes));

    routes->items = mem_zalloc((ROUTES_MAX + 1) * sizeof(*routes->items));
    routes->cap = ROUTES_MAX;
    routes->queue_prefix = queue_prefix;
    return routes;
}

void routes_add(struct routes *routes, const struct route *route)
{
    assert(routes->count <= ROUTES_MAX);
    routes->items[routes->count++] = *route;
}

void routes_free(struct routes *routes)
{
    if (!routes)
        return;
    for (size_t i = 0; i < routes->count; i++)
        route_fini(&routes->items[i]);
    free(routes->items);
    free(routes);
}

int route_source_index(const struct route *route, struct span raw_name)
{
    for (size_t i = 0; i < route->source_count; i++)
        if (json_string_is(raw_name, route->sources[i]))
            return (int)i;
    return -1;
}

static int compare_keys(const void *a, const void *b)
{
    const struct route *one = a, *other = b;

    return strcmp(one->routing_key, other->routing_key);
}

void routes_sort(struct routes *routes)
{
    qsort(routes->items, routes->count, sizeof(*routes->items), compare_keys);
}

bool route_field_is_replaced(const struct route *route, size_t field)
{
    for (size_t i = field + 1; i < route->field_count; i++)
        if (strcmp(route->fields[i].key, route->fields[field].key) == 0)
            return true;
    return false;
}
