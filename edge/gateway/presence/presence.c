#include "edge/gateway/presence/presence.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/presence/presence_entry.h"
#include "edge/gateway/presence/presence_repair.h"
#include "proto/presence_script.h"

#define TICK_MS    20      // between batches, so 10,000 changes a second
#define COOLING_MS 1000    // between changes of one user or room
#define PAUSE_MS   1000    // after the store refused changes
#define BACK_MS    15000   // clients of a killed edge come back, and other edges write again
#define REFRESH_MS 1200000 // a third of PRESENCE_EXPIRY_S

static_assert(REFRESH_MS * 3 <= PRESENCE_EXPIRY_S * 1000, "two refreshes may fail");

static const struct span user_mark = SPAN_INIT(GATEWAY_USER_ROOMS);

// ---- sizes

static void change(struct presence *presence, struct presence_entry *entry)
{
    switch (entry->state) {
    case PRESENCE_DIRTY:
        if (entry->size > 0)
            break;
        presence_take_from_dirty(presence, entry);
        presence_settle(presence, entry); // or nothing of it was ever written, and it is gone
        break;
    case PRESENCE_LEAVING:
        deadline_cancel(&entry->due);
        presence_settle(presence, entry);
        break;
    case PRESENCE_RESTING:
        presence_settle(presence, entry);
        break;
    case PRESENCE_SENT:
    case PRESENCE_COOLING:
        break;
    }
}

static void on_size(struct span room, size_t size, void *arg)
{
    struct presence *presence = arg;
    bool is_user = span_starts_with(room, user_mark);
    struct presence_entry *entry;

    if (!gateway_file_keeps(presence->options.file, room))
        return;
    entry = presence_find(presence, room);
    if (!entry) {
        entry = presence_add(presence, room, is_user);
        entry->size = (uint32_t)size;
        presence_make_dirty(presence, entry);
        return;
    }
    entry->joined |= size > entry->size;
    entry->size = (uint32_t)size;
    change(presence, entry);
}

static void on_cooled(struct deadline *due, void *arg)
{
    presence_settle(arg, container_of(due, struct presence_entry, due));
}

static void on_grace_over(struct deadline *due, void *arg)
{
    presence_make_dirty(arg, container_of(due, struct presence_entry, due));
}

// Keys expire unless they are written again. What the store has lost silently comes back too.
static void on_refresh(struct deadline *due, void *arg)
{
    struct presence_entry *entry = container_of(due, struct presence_entry, due);

    entry->lacks = true;
    presence_make_dirty(arg, entry);
}

// ---- writing

static bool tells_members(const struct gateway_file *file, const struct presence_entry *entry)
{
    const struct room_type *type = room_types_of(file->rooms, presence_name_of(entry));

    return type && type->told;
}

// Who was online long before the store lost it is written again silently. Otherwise a Redis that
// comes back empty would have all users connect at once.
static bool tells_services(const struct presence *presence, const struct presence_entry *entry)
{
    uint64_t now_ms = deadlines_now(presence->ticks.clock);

    return presence->options.file->users.exchange &&
           (entry->size == 0 || !entry->lacks || entry->told_ms == 0 ||
            now_ms < entry->told_ms + PRESENCE_DOUBT_MS);
}

static struct presence_change send_entry(const struct presence *presence,
                                         struct presence_entry *entry)
{
    bool is_told = entry->is_user ? tells_services(presence, entry)
                                  : tells_members(presence->options.file, entry);

    entry->state = PRESENCE_SENT;
    entry->sent = entry->size;
    entry->asked = entry->joined;
    entry->joined = entry->tells_later = false;
    return (struct presence_change){
        .name = entry->is_user ? span_skip(presence_name_of(entry), user_mark.len)
                               : presence_name_of(entry),
        .is_user = entry->is_user,
        .count = entry->size,
        .is_told = is_told,
        .is_asked = is_told && (entry->is_user ? entry->lacks : entry->asked),
    };
}

static void write_batch(struct presence *presence)
{
    struct presence_store *store = presence->options.store;
    struct presence_change changes[PRESENCE_BATCH_MAX];

    while (presence->batch_count < PRESENCE_BATCH_MAX && !list_empty(&presence->dirty)) {
        struct presence_entry *entry =
            list_entry(presence->dirty.next, struct presence_entry, dirty);
        presence_take_from_dirty(presence, entry);
        if (!presence_needs_write(entry)) {
            presence_rest(presence, entry);
            continue;
        }
        changes[presence->batch_count] = send_entry(presence, entry);
        presence->batch[presence->batch_count++] = entry;
    }
    if (presence->batch_count > 0)
        store->ops->write(store, changes, presence->batch_count);
}

static void on_tick(struct deadline *tick, void *arg)
{
    struct presence *presence = arg;
    struct presence_store *store = presence->options.store;

    (void)tick;
    if (presence->batch_count == 0 && store->ops->is_up(store))
        write_batch(presence);
}

static void note_written(struct presence *presence, struct presence_entry *entry, int64_t told)
{
    entry->written = entry->sent;
    entry->lacks = false;
    if (entry->sent == 0)
        entry->told_ms = 0;
    else if (entry->told_ms == 0)
        entry->told_ms = deadlines_now(presence->ticks.clock);
    if (told == PRESENCE_LATER) {
        entry->tells_later = true;
        entry->joined |= entry->asked;
    } else if (told >= 0) {
        metric_add(&presence->metrics->told, 1);
        presence->options.on_count(presence_name_of(entry), (uint64_t)told, presence->options.arg);
    }
    entry->state = PRESENCE_COOLING;
    deadline_arm(&entry->due, &presence->coolings);
}

// If it was written and the answer is lost, the store has as told what no member has heard.
static void note_failed(struct presence *presence, struct presence_entry *entry,
                        enum presence_outcome outcome)
{
    if (outcome == PRESENCE_IN_DOUBT) {
        entry->lacks = true;
        entry->joined = true;
    } else {
        entry->joined |= entry->asked;
        entry->tells_later |= entry->sent == entry->written; // there was nothing else to write
    }
    presence_make_dirty(presence, entry);
}

static void on_written(enum presence_outcome outcome, const int64_t *told, uint64_t lost, void *arg)
{
    struct presence *presence = arg;
    bool ok = outcome == PRESENCE_WRITTEN;
    size_t count = presence->batch_count;

    presence->batch_count = 0;
    metric_add(&presence->metrics->lost, lost);
    metric_add(ok ? &presence->metrics->writes : &presence->metrics->failed, count);
    if (!ok)
        deadline_arm(&presence->tick, &presence->pauses);
    for (size_t i = 0; i < count; i++)
        if (ok)
            note_written(presence, presence->batch[i], told[i]);
        else
            note_failed(presence, presence->batch[i], outcome);
    presence_schedule(presence);
}

void presence_beat(struct presence *presence)
{
    struct presence_store *store = presence ? presence->options.store : NULL;

    if (store && store->ops->is_up(store) &&
        (gateway_file_keeps_any(presence->options.file) || presence->by_name))
        store->ops->beat(store);
}

// ---- another file

// Its members hear the number even if it does not change.
static void begin_telling(struct presence *presence, struct presence_entry *entry)
{
    entry->joined = entry->tells_later = true;
    if (entry->state == PRESENCE_RESTING)
        presence_settle(presence, entry);
}

static void give_up(struct presence *presence, struct presence_entry *entry)
{
    entry->size = 0;
    change(presence, entry);
}

static void begin_room(struct span room, void *arg)
{
    const struct presence *presence = arg;

    on_size(room, rooms_size(presence->options.rooms, room), arg);
}

static void set_graces(struct presence *presence)
{
    uint64_t grace_ms = (uint64_t)presence->options.file->users.grace_s * 1000;

    presence->graces.length_ms = grace_ms;
    presence->longer_graces.length_ms = grace_ms > BACK_MS ? grace_ms : BACK_MS;
}

// Nobody watches the rooms for nothing.
static void use_file(struct presence *presence, const struct gateway_file *file)
{
    struct presence_store *store = presence->options.store;
    bool keeps = gateway_file_keeps_any(file);

    presence->options.file = file;
    set_graces(presence);
    store->ops->use(store, &file->users, keeps);
    rooms_watch(presence->options.rooms, keeps ? on_size : NULL, presence);
}

void presence_replace_file(struct presence *presence, const struct gateway_file *file)
{
    const struct gateway_file *old = presence->options.file;
    struct presence_entry *entry, *next;

    use_file(presence, file);
    HASH_ITER (hh, presence->by_name, entry, next) {
        struct span room = presence_name_of(entry);
        if (!gateway_file_keeps(file, room))
            give_up(presence, entry);
        else if (tells_members(file, entry) && !tells_members(old, entry))
            begin_telling(presence, entry);
    }
    if (gateway_file_keeps_any(file))
        rooms_each(presence->options.rooms, SIZE_MAX, begin_room, presence);
}

// ---- life

static void init_queues(struct presence *presence, struct deadlines *clock)
{
    deadline_init(&presence->tick);
    deadline_queue_init(&presence->ticks, clock, TICK_MS, on_tick, presence);
    deadline_queue_init(&presence->pauses, clock, PAUSE_MS, on_tick, presence);
    deadline_queue_init(&presence->coolings, clock, COOLING_MS, on_cooled, presence);
    deadline_queue_init(&presence->refreshes, clock, REFRESH_MS, on_refresh, presence);
    deadline_queue_init(&presence->graces, clock, 0, on_grace_over, presence);
    deadline_queue_init(&presence->longer_graces, clock, 0, on_grace_over, presence);
}

struct presence *presence_new(const struct presence_options *options, struct deadlines *clock,
                              struct presence_metrics *metrics)
{
    struct presence *presence = mem_zalloc(sizeof(*presence));

    presence->options = *options;
    presence->metrics = metrics;
    list_init(&presence->dirty);
    init_queues(presence, clock);
    options->store->handlers = (struct presence_store_handlers){
        .on_up = presence_repair_on_up,
        .on_written = on_written,
        .on_beat = presence_repair_on_beat,
        .on_listed = presence_repair_on_listed,
        .arg = presence,
    };
    use_file(presence, options->file);
    return presence;
}

void presence_free(struct presence *presence)
{
    struct presence_entry *entry, *next;

    if (!presence)
        return;
    HASH_ITER (hh, presence->by_name, entry, next) {
        presence_drop(presence, entry);
    }
    deadline_queue_fini(&presence->ticks);
    deadline_queue_fini(&presence->pauses);
    deadline_queue_fini(&presence->coolings);
    deadline_queue_fini(&presence->refreshes);
    deadline_queue_fini(&presence->graces);
    deadline_queue_fini(&presence->longer_graces);
    free(presence);
}
