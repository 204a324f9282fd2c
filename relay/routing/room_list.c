#include "relay/routing/room_list.h"

#include <string.h>

#include "common/hash.h"

void room_list_fini(struct room_list *list)
{
    buffer_fini(&list->text);
}

void room_list_clear(struct room_list *list)
{
    buffer_clear(&list->text);
    list->count = 0;
}

static size_t start_of(const struct room_list *list, size_t i)
{
    return i > 0 ? list->ends[i - 1] : 0;
}

static struct span name_of(const struct room_list *list, size_t i)
{
    size_t start = start_of(list, i);

    return (struct span){list->text.ptr + start, list->ends[i] - start};
}

// Returns the place of the name, or the free one for it.
static uint16_t *place_of(struct room_list *list, struct span name)
{
    size_t at = hash_keyed(name.ptr, name.len);

    for (;; at++) {
        uint16_t *place = &list->places[at % ROOM_PLACES];
        if (*place == 0 || span_eq(name_of(list, *place - 1U), name))
            return place;
    }
}

// True if the name, which is the last one, is there already. Most events have one room, for which
// no table is needed.
static bool is_known(struct room_list *list, size_t last)
{
    if (last == 0)
        return false;
    if (last == 1) {
        memset(list->places, 0, sizeof(list->places));
        *place_of(list, name_of(list, 0)) = 1;
    }
    uint16_t *place = place_of(list, name_of(list, last));
    if (*place > 0)
        return true;
    *place = (uint16_t)(last + 1);
    return false;
}

enum room_added room_list_add(struct room_list *list)
{
    size_t start = start_of(list, list->count);
    struct span name = {list->text.ptr + start, list->text.len - start};

    if (name.len > ROOM_MAX_BYTES || span_has_control(name))
        return ROOM_NO_NAME;
    if (list->count == ENVELOPE_ROOMS_MAX) {
        // One that is there already is no further one.
        if (*place_of(list, name) == 0)
            return ROOM_TOO_MANY;
        list->text.len = start;
        return ROOM_ADDED;
    }
    list->ends[list->count] = list->text.len;
    if (is_known(list, list->count))
        list->text.len = start;
    else
        list->count++;
    return ROOM_ADDED;
}

void room_list_views(struct room_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->rooms[i] = name_of(list, i);
}
