#include "relay/routing/routes_load.h"

#include <errno.h>
#include <stdlib.h>

#include "common/file.h"
#include "relay/routing/routes_builtin.h"
#include "relay/routing/routes_parse.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)

// Adds the route, or replaces the one with its routing key. Takes over what `route` holds, unless
// it returns false: the table is full.
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

// Returns false if `to` has no room for all: both tables have ROUTES_MAX places, and the built-in
// routes are in `to` already.
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
    struct routes *added = routes_new(routes->queue_prefix);
    bool ok = routes_parse(text, path, added, errors);

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
    struct routes *routes = routes_new(queue_prefix);
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
