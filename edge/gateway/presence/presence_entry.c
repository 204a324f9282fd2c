#include "edge/gateway/presence/presence_entry.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct span presence_name_of(const struct presence_entry *entry)
{
    return (struct span){entry->name, entry->name_len};
}

struct presence_entry *presence_find(const struct presence *presence, struct span room)
{
    struct presence_entry *entry;

    HASH_FIND(hh, presence->by_name, room.ptr, room.len, entry);
    return entry;
}

struct presence_entry *presence_add(struct presence *presence, struct span room, bool is_user)
{
    struct presence_entry *entry = mem_zalloc(sizeof(*entry) + room.len);

    list_init(&entry->dirty);
    deadline_init(&entry->due);
    entry->is_user = is_user;
    entry->joined = true;
    entry->name_len = (uint32_t)room.len;
    memcpy(entry->name, room.ptr, room.len);
    HASH_ADD_KEYPTR(hh, presence->by_name, entry->name, entry->name_len, entry);
    metric_add(&presence->metrics->entries, 1);
    return entry;
}

void presence_drop(struct presence *presence, struct presence_entry *entry)
{
    HASH_DEL(presence->by_name, entry);
    list_unlink(&entry->dirty);
    deadline_cancel(&entry->due);
    metric_sub(&presence->metrics->entries, 1);
    free(entry);
}

// ---- states

void presence_schedule(struct presence *presence)
{
    struct presence_store *store = presence->options.store;

    if (presence->batch_count == 0 && !list_empty(&presence->dirty) &&
        !deadline_is_armed(&presence->tick) && store->ops->is_up(store))
        deadline_arm(&presence->tick, &presence->ticks);
}

void presence_make_dirty(struct presence *presence, struct presence_entry *entry)
{
    if (entry->state == PRESENCE_DIRTY && !list_empty(&entry->dirty))
        return;
    deadline_cancel(&entry->due);
    entry->state = PRESENCE_DIRTY;
    list_append(&presence->dirty, &entry->dirty);
    metric_add(&presence->metrics->unwritten, 1);
    presence_schedule(presence);
}

void presence_take_from_dirty(struct presence *presence, struct presence_entry *entry)
{
    list_unlink(&entry->dirty);
    metric_sub(&presence->metrics->unwritten, 1);
}

bool presence_needs_write(const struct presence_entry *entry)
{
    return entry->lacks || entry->tells_later || entry->size != entry->written;
}

void presence_rest(struct presence *presence, struct presence_entry *entry)
{
    if (entry->size == 0) {
        presence_drop(presence, entry);
        return;
    }
    entry->state = PRESENCE_RESTING;
    deadline_arm(&entry->due, &presence->refreshes);
}

void presence_be_patient(struct presence *presence)
{
    presence->patient_until_ms =
        deadlines_now(presence->ticks.clock) + presence->longer_graces.length_ms;
}

// NULL: none.
static struct deadline_queue *grace_of(struct presence *presence,
                                       const struct presence_entry *entry)
{
    if (!entry->is_user || entry->size > 0)
        return NULL;
    if (deadlines_now(presence->ticks.clock) < presence->patient_until_ms)
        return &presence->longer_graces;
    return presence->options.file->users.grace_s > 0 ? &presence->graces : NULL;
}

void presence_settle(struct presence *presence, struct presence_entry *entry)
{
    struct deadline_queue *grace = grace_of(presence, entry);

    if (!presence_needs_write(entry)) {
        presence_rest(presence, entry);
    } else if (grace) {
        entry->state = PRESENCE_LEAVING;
        deadline_arm(&entry->due, grace);
    } else {
        presence_make_dirty(presence, entry);
    }
}
