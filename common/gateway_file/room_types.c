#include "common/gateway_file/room_types.h"

#include <stdlib.h>

#include "common/mem.h"

struct room_types *room_types_new(void)
{
    return mem_zalloc(sizeof(struct room_types));
}

void room_types_free(struct room_types *types)
{
    if (!types)
        return;
    for (size_t i = 0; i < types->count; i++) {
        free(types->items[i].name);
        free(types->items[i].url);
        free(types->items[i].path);
        free(types->items[i].claim);
    }
    free(types);
}

const struct room_type *room_types_find(const struct room_types *types, struct span name)
{
    for (size_t i = 0; i < types->count; i++)
        if (span_is(name, types->items[i].name))
            return &types->items[i];
    return NULL;
}

const struct room_type *room_types_of(const struct room_types *types, struct span room)
{
    struct span type;

    return span_take_before(&room, SPAN_LIT(":"), &type) ? room_types_find(types, type) : NULL;
}

size_t room_types_count(const struct room_types *types, enum room_join join)
{
    size_t count = 0;

    for (size_t i = 0; i < types->count; i++)
        count += types->items[i].join == join;
    return count;
}
