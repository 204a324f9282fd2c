#include "common/gateway_file/routes_file.h"

#include "common/gateway_file/routes_parse.h"

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
    place->is_added = true;
    return true;
}

// Returns false if `to` has no room for all: both tables have ROUTES_MAX places, and the file's
// own routes are in `to` already.
static bool move_routes(struct routes *from, struct routes *to)
{
    while (from->count > 0) {
        if (!put_route(to, &from->items[from->count - 1]))
            return false;
        from->count--;
    }
    return true;
}

struct parse {
    const struct room_types *rooms;
    struct routes *into;
};

static bool read_routes(struct file_reader *r, struct json_view value, void *into)
{
    const struct parse *parse = into;

    return routes_parse(r, value, parse->rooms, parse->into);
}

static bool read_file(struct file_reader *r, struct parse *parse)
{
    static const struct reader_member members[] = {{"routes", read_routes}, {NULL, NULL}};
    struct json_view top;

    if (!reader_top(r, "the file must be an object with \"routes\"", &top) ||
        !reader_members(r, top, members, "the file has \"routes\" and nothing else", parse))
        return false;
    return reader_member(top, SPAN_LIT("routes")).kind != JSON_KIND_NONE ||
           reader_refuse(r, top.raw, "the file needs \"routes\", a list");
}

bool routes_file_add(struct file_reader *r, const struct room_types *rooms, struct routes *routes)
{
    struct routes *added = routes_new(routes->queue_prefix);
    bool ok = read_file(r, &(struct parse){rooms, added});

    if (ok && !move_routes(added, routes))
        ok = reader_refuse(r, r->text, "more than 64 routes");
    routes_sort(routes);
    routes_free(added);
    return ok;
}
