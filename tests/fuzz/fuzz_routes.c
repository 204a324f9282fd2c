#include <assert.h>
#include <stdint.h>

#include "relay/routing/routes_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct route *route)
{
    assert(route->routing_key && route->queue && route->event);
    assert(route->room_prefix && route->room_suffix);
    assert(strlen(route->queue) <= 255);
    assert(route->room_from.count > 0 && route->field_count > 0);
    assert(route->source_count <= ROUTE_SOURCES_MAX);
    for (size_t i = 0; i < route->field_count; i++) {
        const struct route_field *field = &route->fields[i];
        assert(field->key && (field->constant || field->from.count > 0));
        for (size_t k = 0; k < field->from.count; k++)
            assert(field->from.index[k] < route->source_count);
    }
}

// A routes file is either used whole or refused with one line that names it.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer errors = {0};
    struct routes *routes = routes_load(NULL, "websocket.", &errors);

    assert(routes && routes->count == 3);
    bool ok = routes_add(routes, (struct span){(const char *)data, size}, "file", &errors);
    assert(ok == (errors.len == 0));
    assert(ok || span_starts_with(buffer_span(&errors), SPAN_LIT("file:")));
    for (size_t i = 0; i < routes->count; i++)
        check(&routes->items[i]);
    routes_free(routes);
    buffer_fini(&errors);
    return 0;
}
