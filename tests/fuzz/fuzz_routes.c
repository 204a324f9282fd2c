#include <assert.h>
#include <stdint.h>

#include "common/gateway_file/gateway_file.h"
#include "common/gateway_file/routes_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct route *route)
{
    assert(route->routing_key && route->queue && (route->event || route->action.act));
    assert(!route->action.act || route->action.user.from.count == 0 ||
           strcmp(route->action.user.prefix, "user:") == 0);
    assert(strlen(route->queue) <= 255);
    assert(route->room_count <= ROUTE_ROOMS_MAX);
    assert(!route->event || (route->room_count > 0 && route->field_count > 0));
    for (size_t i = 0; i < route->room_count; i++) {
        const struct route_room *room = &route->rooms[i];
        assert(room->prefix && room->suffix && room->from.count > 0);
        for (size_t k = 0; k < room->from.count; k++)
            assert(room->from.index[k] < route->source_count);
    }
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
    struct gateway_file *file =
        gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."}, &errors);
    struct file_reader reader = {{(const char *)data, size}, "file", &errors};

    assert(file && file->routes->count == 3);
    bool ok = routes_file_add(&reader, NULL, file->routes);
    assert(ok == (errors.len == 0));
    assert(ok || span_starts_with(buffer_span(&errors), SPAN_LIT("file:")));
    for (size_t i = 0; i < file->routes->count; i++)
        check(&file->routes->items[i]);
    gateway_file_free(file);
    buffer_fini(&errors);
    return 0;
}
