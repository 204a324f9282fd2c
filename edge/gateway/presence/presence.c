#include "edge/gateway/presence/presence.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/mem.h"
#include "proto/presence_script.h"

#define BATCH_MAX  200
#define TICK_MS    20      // between batches, so 10,000 changes a second
#define COOLING_MS 1000    // between changes of one user or room
#define PAUSE_MS   1000    // after the store refused changes
#define DOUBT_MS   60000   // a store that lost writes may have lost those of this time
#define BACK_MS    15000   // clients of a killed edge come back, and other edges write again
#define REFRESH_MS 1200000 // a third of PRESENCE_EXPIRY_S

#define UNKNOWN UINT32_MAX // no user or room has so many clients

static_assert(REFRESH_MS * 3 <= PRESENCE_EXPIRY_S * 1000, "two refreshes may fail");

enum entry_state { RESTING, DIRTY, SENT, COOLING, LEAVING };

struct entry {
    UT_hash_handle hh;
    struct list dirty; // in presence.dirty while DIRTY
    struct deadline due;
    uint32_t size;    // clients in the room at this edge
    uint32_t written; // the number that the store has, as far as is known; or UNKNOWN
    uint32_t sent;
    uint64_t told_ms; // when the store had the entry first; 0: not yet, or it was taken out there
    enum entry_state state;
    bool is_user;
    bool lacks;        // the store may have something else than `written`
    bool joined;       // some member may not know the number, as one that has just joined
    bool asked;        // the same, of what was sent
    bool tells_later;  // the members were told another number a moment ago
    uint32_t name_len; // of the room: a user is the user's room
    char name[];
};

struct presence {
    struct presence_options options;
    struct presence_metrics *metrics;
    struct entry *by_name;
    struct list dirty; // the oldest first
    struct entry *batch[BATCH_MAX];
    size_t batch_count; // under way; 0: none
    bool introduced;    // the store has answered a beat
    uint64_t heard_ms;  // when it did so last
    // Who has no connection here may have one elsewhere that the store does not have yet, or come
    // back: until then such users get the longer grace.
    uint64_t patient_until_ms;
    struct deadline tick;
    struct deadline_queue ticks, pauses, coolings, refreshes, graces, longer_graces;
};

static const struct span user_mark = SPAN_INIT(GATEWAY_USER_ROOMS);

static struct span name_of(const struct entry *entry)
{
    return (struct span){entry->name, entry->name_len};
}

// ---- entries

static struct entry *find(const struct presence *presence, struct span room)
{
    struct entry *entry;

    HASH_FIND(hh, presence->by_name, room.ptr, room.len, entry);
    return entry;
}

static struct entry *add(struct presence *presence, struct span room, bool is_user)
{
    struct entry *entry = mem_zalloc(sizeof(*entry) + room.len);

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

static void drop(struct presence *presence, struct entry *entry)
{
    HASH_DEL(presence->by_name, entry);
    list_unlink(&entry->dirty);
    deadline_cancel(&entry->due);
    metric_sub(&presence->metrics->entries, 1);
    free(entry);
}

// ---- states

static void schedule(struct presence *presence)
{
    struct presence_store *store = presence->options.store;

    if (presence->batch_count == 0 && !list_empty(&presence->dirty) &&
        !deadline_is_armed(&presence->tick) && store->ops->is_up(store))
        deadline_arm(&presence->tick, &presence->ticks);
}

static void make_dirty(struct presence *presence, struct entry *entry)
{
    if (entry->state == DIRTY && !list_empty(&entry->dirty))
        return;
    deadline_cancel(&entry->due);
    entry->state = DIRTY;
    list_append(&presence->dirty, &entry->dirty);
    metric_add(&presence->metrics->unwritten, 1);
    schedule(presence);
}

static void take_from_dirty(struct presence *presence, struct entry *entry)
{
    list_unlink(&entry->dirty);
    metric_sub(&presence->metrics->unwritten, 1);
}

static bool needs_write(const struct entry *entry)
{
    return entry->lacks || entry->tells_later || entry->size != entry->written;
}

static void rest(struct presence *presence, struct entry *entry)
{
    if (entry->size == 0) {
        drop(presence, entry);
        return;
    }
    entry->state = RESTING;
    deadline_arm(&entry->due, &presence->refreshes);
}

static void be_patient(struct presence *presence)
{
    presence->patient_until_ms =
        deadlines_now(presence->ticks.clock) + presence->longer_graces.length_ms;
}

// NULL: none.
static struct deadline_queue *grace_of(struct presence *presence, const struct entry *entry)
{
    if (!entry->is_user || entry->size > 0)
        return NULL;
    if (deadlines_now(presence->ticks.clock) < presence->patient_until_ms)
        return &presence->longer_graces;
    return presence->options.file->users.grace_s > 0 ? &presence->graces : NULL;
}

// Finds the next state of an entry that waits for nothing.
static void settle(struct presence *presence, struct entry *entry)
{
    struct deadline_queue *grace = grace_of(presence, entry);

    if (!needs_write(entry)) {
        rest(presence, entry);
    } else if (grace) {
        entry->state = LEAVING;
        deadline_arm(&entry->due, grace);
    } else {
        make_dirty(presence, entry);
    }
}

static void change(struct presence *presence, struct entry *entry)
{
    switch (entry->state) {
    case DIRTY:
        if (entry->size > 0)
            break;
        take_from_dirty(presence, entry);
        settle(presence, entry); // or nothing of it was ever written, and it is gone
        break;
    case LEAVING:
        deadline_cancel(&entry->due);
        settle(presence, entry);
        break;
    case RESTING:
        settle(presence, entry);
        break;
    case SENT:
    case COOLING:
        break;
    }
}

static void on_size(struct span room, size_t size, void *arg)
{
    struct presence *presence = arg;
    bool is_user = span_starts_with(room, user_mark);
    struct entry *entry;

    if (!gateway_file_keeps(presence->options.file, room))
        return;
    entry = find(presence, room);
    if (!entry) {
        entry = add(presence, room, is_user);
        entry->size = (uint32_t)size;
        make_dirty(presence, entry);
        return;
    }
    entry->joined |= size > entry->size;
    entry->size = (uint32_t)size;
    change(presence, entry);
}

static void on_cooled(struct deadline *due, void *arg)
{
    settle(arg, container_of(due, struct entry, due));
}

static void on_grace_over(struct deadline *due, void *arg)
{
    make_dirty(arg, container_of(due, struct entry, due));
}

// Keys expire unless they are written again. What the store has lost silently comes back too.
static void on_refresh(struct deadline *due, void *arg)
{
    struct entry *entry = container_of(due, struct entry, due);

    entry->lacks = true;
    make_dirty(arg, entry);
}

// ---- writing

static bool tells_members(const struct presence *presence, const struct entry *entry)
{
    const struct room_type *type = room_types_of(presence->options.file->rooms, name_of(entry));

    return type && type->told;
}

// Who was online long before the store lost it is written again silently. Otherwise a Redis that
// comes back empty would have all users connect at once.
static bool tells_services(const struct presence *presence, const struct entry *entry)
{
    uint64_t now_ms = deadlines_now(presence->ticks.clock);

    return presence->options.file->users.exchange &&
           (entry->size == 0 || !entry->lacks || entry->told_ms == 0 ||
            now_ms < entry->told_ms + DOUBT_MS);
}

static struct presence_change send_entry(const struct presence *presence, struct entry *entry)
{
    bool is_told =
        entry->is_user ? tells_services(presence, entry) : tells_members(presence, entry);

    entry->state = SENT;
    entry->sent = entry->size;
    entry->asked = entry->joined;
    entry->joined = entry->tells_later = false;
    return (struct presence_change){
        .name = entry->is_user ? span_skip(name_of(entry), user_mark.len) : name_of(entry),
        .is_user = entry->is_user,
        .count = entry->size,
        .is_told = is_told,
        .is_asked = is_told && (entry->is_user ? entry->lacks : entry->asked),
    };
}

static void write_batch(struct presence *presence)
{
    struct presence_store *store = presence->options.store;
    struct presence_change changes[BATCH_MAX];

    while (presence->batch_count < BATCH_MAX && !list_empty(&presence->dirty)) {
        struct entry *entry = list_entry(presence->dirty.next, struct entry, dirty);
        take_from_dirty(presence, entry);
        if (!needs_write(entry)) {
            rest(presence, entry);
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

static void note_written(struct presence *presence, struct entry *entry, int64_t told)
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
        presence->options.on_count(name_of(entry), (uint64_t)told, presence->options.arg);
    }
    entry->state = COOLING;
    deadline_arm(&entry->due, &presence->coolings);
}

// If it was written and the answer is lost, the store has as told what no member has heard.
static void note_failed(struct presence *presence, struct entry *entry,
                        enum presence_outcome outcome)
{
    if (outcome == PRESENCE_IN_DOUBT) {
        entry->lacks = true;
        entry->joined = true;
    } else {
        entry->joined |= entry->asked;
        entry->tells_later |= entry->sent == entry->written; // there was nothing else to write
    }
    make_dirty(presence, entry);
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
    schedule(presence);
}

// ---- what the store may lack

// What the store has as told may be older than what the members have heard, and by chance the very
// number that is right by now: who has a change tells it in any case.
static void write_again(struct presence *presence, struct entry *entry)
{
    entry->lacks = true;
    entry->joined |= entry->tells_later || entry->size != entry->written;
    if (entry->state == SENT)
        return;
    if (entry->state == DIRTY)
        take_from_dirty(presence, entry);
    deadline_cancel(&entry->due);
    settle(presence, entry);
}

// In a store that has nothing, a user who left here looks offline as long as the other edges have
// not written theirs: services would be told so, and of those online for long, nothing else later.
//
// An edge that a relay has taken for dead is PRESENCE_SWEPT for PRESENCE_EXPIRY_S, and then nothing
// is known of it. So one that was away for so long has been taken out, or nobody has anything.
static bool is_forgotten(const struct presence *presence)
{
    uint64_t away_ms = deadlines_now(presence->ticks.clock) - presence->heard_ms;

    return presence->introduced && away_ms >= PRESENCE_EXPIRY_S * 1000 - DOUBT_MS;
}

// `swept`: services were told that all are gone.
static void rewrite_all(struct presence *presence, bool swept)
{
    struct entry *entry, *next;

    if (presence->options.file->users.exchange)
        be_patient(presence);
    HASH_ITER (hh, presence->by_name, entry, next) {
        entry->told_ms = swept ? 0 : entry->told_ms;
        metric_add(&presence->metrics->rewritten, 1);
        write_again(presence, entry);
    }
}

static void list_written(struct presence *presence)
{
    presence->options.store->ops->list(presence->options.store);
}

static void on_up(bool may_lack, void *arg)
{
    struct presence *presence = arg;

    deadline_cancel(&presence->tick);
    if (may_lack) {
        rewrite_all(presence, is_forgotten(presence));
        list_written(presence);
    }
    schedule(presence);
}

// What an edge with this id has written in an earlier life, it takes out again; of users once they
// had the time to come back.
static void on_beat(enum presence_beat beat, void *arg)
{
    struct presence *presence = arg;
    bool is_first = !presence->introduced;

    presence->introduced = true;
    if (is_first && beat != PRESENCE_FIRST) {
        be_patient(presence);
        list_written(presence);
    } else if (!is_first && beat != PRESENCE_KNOWN) {
        rewrite_all(presence, beat == PRESENCE_SWEPT || is_forgotten(presence));
    }
    presence->heard_ms = deadlines_now(presence->ticks.clock);
}

static void on_listed(bool is_user, struct span name, void *arg)
{
    struct presence *presence = arg;
    struct buffer room = {0};

    buffer_append(&room, is_user ? user_mark : (struct span){0});
    buffer_append(&room, name);
    if (!find(presence, buffer_span(&room))) {
        struct entry *entry = add(presence, buffer_span(&room), is_user);
        entry->written = UNKNOWN;
        settle(presence, entry);
    }
    buffer_fini(&room);
}

void presence_beat(struct presence *presence)
{
    struct presence_store *store = presence ? presence->options.store : NULL;

    if (store && store->ops->is_up(store))
        store->ops->beat(store);
}

// ---- life

static void init_queues(struct presence *presence, struct deadlines *clock)
{
    uint64_t grace_ms = (uint64_t)presence->options.file->users.grace_s * 1000;

    deadline_init(&presence->tick);
    deadline_queue_init(&presence->ticks, clock, TICK_MS, on_tick, presence);
    deadline_queue_init(&presence->pauses, clock, PAUSE_MS, on_tick, presence);
    deadline_queue_init(&presence->coolings, clock, COOLING_MS, on_cooled, presence);
    deadline_queue_init(&presence->refreshes, clock, REFRESH_MS, on_refresh, presence);
    deadline_queue_init(&presence->graces, clock, grace_ms, on_grace_over, presence);
    deadline_queue_init(&presence->longer_graces, clock, grace_ms > BACK_MS ? grace_ms : BACK_MS,
                        on_grace_over, presence);
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
        .on_up = on_up,
        .on_written = on_written,
        .on_beat = on_beat,
        .on_listed = on_listed,
        .arg = presence,
    };
    rooms_watch(options->rooms, on_size, presence);
    return presence;
}

void presence_free(struct presence *presence)
{
    struct entry *entry, *next;

    if (!presence)
        return;
    HASH_ITER (hh, presence->by_name, entry, next) {
        drop(presence, entry);
    }
    deadline_queue_fini(&presence->ticks);
    deadline_queue_fini(&presence->pauses);
    deadline_queue_fini(&presence->coolings);
    deadline_queue_fini(&presence->refreshes);
    deadline_queue_fini(&presence->graces);
    deadline_queue_fini(&presence->longer_graces);
    free(presence);
}
