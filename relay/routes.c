#include "relay/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "relay/routes_builtin.h"
#include "relay/routes_reader.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)

void route_fini(struct route *route)
{
    for (size_t i = 0; i < route->field_count; i++) {
        free(route->fields[i].key);
        free(route->fields[i].fallback);
        free(route->fields[i].constant);
    }
    for (size_t i = 0; i < route->source_count; i++)
        free((void *)route->sources[i].ptr);
    free(route->fields);
    free(route->routing_key);
    free(route->queue);
    free(route->event);
    free(route->room_prefix);
    free(route->room_suffix);
    *route = (struct route){0};
}

struct route *routes_find(const struct routes *routes, struct span routing_key)
{
    for (size_t i = 0; i < routes->count; i++)
        if (span_is(routing_key, routes->items[i].routing_key))
            return &routes->items[i];
    return NULL;
}

// Takes over what `route` holds.
static bool put_route(struct routes *routes, const struct route *route)
{
    struct route *place = routes_find(routes, span_of(route->routing_key));

    if (!place && routes->count == routes->cap)
        return false;
    if (place)
        route_fini(place);
    else
        place = &routes->items[routes->count++];
    *place = *route;
    return true;
}

static struct routes *new_routes(size_t cap, const char *queue_prefix)
{
    struct routes *routes = mem_zalloc(sizeof(*routes));

    routes->items = mem_zalloc(cap * sizeof(*routes->items));
    routes->cap = cap;
    routes->queue_prefix = queue_prefix;
    return routes;
}

// Moves what fits; a table of ROUTES_MAX with the built-in ones in it has no room for as many more.
static bool move_routes(struct routes *from, struct routes *to)
{
    while (from->count > 0) {
        if (!put_route(to, &from->items[from->count - 1]))
            return false;
        from->count--;
    }
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct route *one = a, *other = b;

    return strcmp(one->routing_key, other->routing_key);
}

bool routes_add(struct routes *routes, struct span text, const char *path, struct buffer *errors)
{
    struct routes *added = new_routes(ROUTES_MAX, routes->queue_prefix);
    bool ok = routes_read(text, path, added, errors);

    if (ok && !move_routes(added, routes)) {
        buffer_printf(errors, "%s:1: more than %d routes\n", path, ROUTES_MAX);
        ok = false;
    }
    qsort(routes->items, routes->count, sizeof(*routes->items), compare_keys);
    routes_free(added);
    return ok;
}

static bool read_whole(const char *path, struct buffer *out, struct buffer *errors)
{
    if (file_read(path, FILE_MAX_BYTES, out))
        return true;
    if (errno == EFBIG)
        buffer_printf(errors, "%s:1: the file is over 1 MB\n", path);
    else
        buffer_printf(errors, "%s:1: cannot be read: %s\n", path, strerror(errno));
    return false;
}

struct routes *routes_load(const char *path, const char *queue_prefix, struct buffer *errors)
{
    struct routes *routes = new_routes(ROUTES_MAX, queue_prefix);
    struct buffer text = {0};
    bool ok = routes_add(routes, routes_builtin(), "routes.json", errors);

    if (ok && path)
        ok =
            read_whole(path, &text, errors) && routes_add(routes, buffer_span(&text), path, errors);
    buffer_fini(&text);
    if (ok)
        return routes;
    routes_free(routes);
    return NULL;
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
