#include "common/gateway_file/succession.h"

#include <string.h>

static bool is_same(const char *text, const char *other)
{
    return text && other ? strcmp(text, other) == 0 : text == other;
}

bool room_type_joins_alike(const struct room_type *type, const struct room_type *other)
{
    return type->join == other->join && is_same(type->url, other->url) &&
           is_same(type->path, other->path);
}

bool room_types_join_alike(const struct room_types *types, const struct room_types *others)
{
    for (size_t i = 0; i < types->count && i < others->count; i++) {
        const struct room_type *type = &types->items[i], *other = &others->items[i];
        if (strcmp(type->name, other->name) != 0 || !is_same(type->claim, other->claim) ||
            !room_type_joins_alike(type, other))
            return false;
    }
    return types->count == others->count;
}

void gateway_file_succeed(struct gateway_file *fresh, const struct gateway_file *old,
                          uint64_t now_ms)
{
    fresh->generation = old->generation + 1;
    for (size_t i = 0; i < fresh->rooms->count; i++) {
        struct room_type *type = &fresh->rooms->items[i];
        const struct room_type *former = room_types_find(old->rooms, span_of(type->name));
        bool same_claim = former && is_same(type->claim, former->claim);
        bool same_rule = former && room_type_joins_alike(type, former);

        type->claim_since = same_claim ? former->claim_since : fresh->generation;
        type->rule_since_ms = same_rule ? former->rule_since_ms : now_ms;
    }
}
