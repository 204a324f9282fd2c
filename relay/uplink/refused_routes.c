#include "relay/uplink/refused_routes.h"

#include <stdio.h>
#include <string.h>

void refused_routes_note(struct refused_routes *routes, const char *exchange,
                         const char *routing_key, const char *reason, uint64_t now_ms)
{
    struct refused_route *route = &routes->items[routes->next++ % REFUSED_ROUTES_MAX];

    snprintf(route->exchange, sizeof(route->exchange), "%s", exchange);
    snprintf(route->routing_key, sizeof(route->routing_key), "%s", routing_key);
    snprintf(route->reason, sizeof(route->reason), "%s", reason);
    route->until_ms = now_ms + REFUSED_ROUTE_MS;
}

const char *refused_routes_find(const struct refused_routes *routes, const char *exchange,
                                const char *routing_key, uint64_t now_ms)
{
    for (size_t i = 0; i < REFUSED_ROUTES_MAX; i++) {
        const struct refused_route *route = &routes->items[i];
        if (now_ms < route->until_ms && strcmp(route->exchange, exchange) == 0 &&
            strcmp(route->routing_key, routing_key) == 0)
            return route->reason;
    }
    return NULL;
}
