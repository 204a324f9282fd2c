#include "edge/gateway/delivery/log_tail.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/list.h"
#include "common/mem.h"

#define FIRST_CAPACITY  64
#define MALLOC_OVERHEAD 16

struct tail_room {
    UT_hash_handle hh;
    struct list entries; // oldest first
    size_t name_len;
    char name[];
};

// An entry's place in the chain of one of its rooms.
struct link {
    struct list in_room; // in tail_room.entries, oldest first
    struct tail_room *room;
    uint32_t index; // in entry.links
};

struct entry {
    struct list in_age; // in log_tail.by_age, with those of all shards, oldest first
    struct position position;
    uint64_t moment; // log_tail_moment() just after this entry was appended
    uint64_t created_at_ms;
    uint8_t shard;
    bool acts, disconnects; // the link of index 0 is that of the action, and not of the event
    uint16_t link_count;
    uint32_t event_len, args_len;
    uint32_t gathering;  // number of the last log_tail_gather() that has met it
    struct link links[]; // one for each room; behind them the event's name and its arguments, and
                         // of an action the room that is left, with a NUL
};

// A ring of entries in the order of their positions.
struct tail_shard {
    struct position reach, top;
    uint64_t reach_moment; // the moment at which the reach was the top
    uint64_t reach_at_ms;  // when the entry at the reach was created; 0: nothing was dropped yet
    struct entry **ring;
    size_t capacity; // a power of two
    size_t head, count;
};

struct log_tail {
    size_t bytes, max_bytes;
    uint64_t moment;
    uint32_t gatherings;
    struct log_tail_metrics *metrics;
    struct tail_room *rooms;
    struct list by_age;
    unsigned shard_count;
    struct tail_shard shards[];
};

static struct entry *entry_at(const struct tail_shard *shard, size_t i)
{
    return shard->ring[(shard->head + i) & (shard->capacity - 1)];
}

static void push(struct tail_shard *shard, struct entry *entry)
{
    if (shard->count == shard->capacity) {
        size_t capacity = shard->capacity > 0 ? shard->capacity * 2 : FIRST_CAPACITY;
        struct entry **ring = mem_alloc(capacity * sizeof(struct entry *));
        for (size_t i = 0; i < shard->count; i++)
            ring[i] = entry_at(shard, i);
        free(shard->ring);
        shard->ring = ring;
        shard->capacity = capacity;
        shard->head = 0;
    }
    shard->ring[(shard->head + shard->count++) & (shard->capacity - 1)] = entry;
}

static size_t bytes_of(size_t links, size_t event_len, size_t args_len)
{
    return sizeof(struct entry) + links * sizeof(struct link) + event_len + args_len;
}

// The event's name, then its arguments.
static char *text_of(struct entry *entry)
{
    return (char *)&entry->links[entry->link_count];
}

static struct span leaves_of(struct entry *entry)
{
    return entry->acts ? span_of(text_of(entry) + entry->event_len + entry->args_len)
                       : (struct span){0};
}

static size_t size_of(struct entry *entry)
{
    size_t action = entry->acts ? leaves_of(entry).len + 1 : 0;

    return bytes_of(entry->link_count, entry->event_len, entry->args_len) + action +
           MALLOC_OVERHEAD + sizeof(struct entry *);
}

static size_t size_of_room(const struct tail_room *room)
{
    return sizeof(*room) + room->name_len + MALLOC_OVERHEAD;
}

static struct tail_room *find_room(const struct log_tail *tail, struct span name)
{
    struct tail_room *room;

    HASH_FIND(hh, tail->rooms, name.ptr, name.len, room);
    return room;
}

static struct tail_room *add_room(struct log_tail *tail, struct span name)
{
    struct tail_room *room = mem_zalloc(sizeof(*room) + name.len);

    list_init(&room->entries);
    room->name_len = name.len;
    memcpy(room->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, tail->rooms, room->name, room->name_len, room);
    tail->bytes += size_of_room(room);
    return room;
}

static void remove_room_if_empty(struct log_tail *tail, struct tail_room *room)
{
    if (!list_empty(&room->entries))
        return;
    tail->bytes -= size_of_room(room);
    HASH_DEL(tail->rooms, room);
    free(room);
}

static void drop_oldest(struct log_tail *tail, struct tail_shard *shard)
{
    struct entry *entry = entry_at(shard, 0);

    shard->head = (shard->head + 1) & (shard->capacity - 1);
    shard->count--;
    shard->reach = entry->position;
    shard->reach_moment = entry->moment;
    shard->reach_at_ms = entry->created_at_ms;
    tail->bytes -= size_of(entry);
    list_unlink(&entry->in_age);
    for (size_t i = 0; i < entry->link_count; i++) {
        list_unlink(&entry->links[i].in_room);
        remove_room_if_empty(tail, entry->links[i].room);
    }
    free(entry);
}

// Drops all entries of the shard and begins a new chain behind `position`: entries on both sides of
// a gap would make a replay that silently lacks what is missing between them.
static void restart(struct log_tail *tail, struct tail_shard *shard, struct position position,
                    uint64_t at_ms)
{
    if (!position_is_none(shard->top))
        metric_add(&tail->metrics->breaks, 1);
    while (shard->count > 0)
        drop_oldest(tail, shard);
    shard->reach = shard->top = position;
    shard->reach_moment = tail->moment;
    shard->reach_at_ms = at_ms;
}

static void append(char **text, struct span more)
{
    if (more.len > 0)
        memcpy(*text, more.ptr, more.len);
    *text += more.len;
}

static struct entry *entry_new(struct log_tail *tail, unsigned shard,
                               const struct envelope *envelope, struct position position)
{
    size_t links = 1 + envelope->more_count;
    bool acts = envelope_acts(envelope);
    struct entry *entry = mem_alloc(bytes_of(links, envelope->event.len, envelope->args.len) +
                                    (acts ? envelope->leaves.len + 1 : 0));

    *entry = (struct entry){
        .position = position,
        .moment = ++tail->moment,
        .created_at_ms = envelope->created_at_ms,
        .shard = (uint8_t)shard,
        .acts = acts,
        .disconnects = envelope->disconnects,
        .link_count = (uint16_t)links,
        .event_len = (uint32_t)envelope->event.len,
        .args_len = (uint32_t)envelope->args.len,
    };
    char *text = text_of(entry);
    append(&text, envelope->event);
    append(&text, envelope->args);
    if (acts) {
        append(&text, envelope->leaves);
        *text = '\0';
    }
    return entry;
}

static void link_to_room(struct log_tail *tail, struct entry *entry, size_t i,
                         struct span room_name)
{
    struct tail_room *room = find_room(tail, room_name);
    struct link *link = &entry->links[i];

    link->index = (uint32_t)i;
    link->room = room ? room : add_room(tail, room_name);
    list_append(&link->room->entries, &link->in_room);
}

static void link_entry(struct log_tail *tail, struct entry *entry, const struct envelope *envelope)
{
    link_to_room(tail, entry, 0, envelope->room);
    for (size_t i = 0; i < envelope->more_count; i++)
        link_to_room(tail, entry, 1 + i, envelope->more_rooms[i]);
    list_append(&tail->by_age, &entry->in_age);
    push(&tail->shards[entry->shard], entry);
    tail->bytes += size_of(entry);
}

struct log_tail *log_tail_new(unsigned shards, size_t max_bytes, struct log_tail_metrics *metrics)
{
    struct log_tail *tail = mem_zalloc(sizeof(*tail) + shards * sizeof(tail->shards[0]));

    tail->max_bytes = max_bytes;
    tail->metrics = metrics;
    tail->shard_count = shards;
    tail->moment = 1; // sockets use 0 for "no moment"
    list_init(&tail->by_age);
    return tail;
}

void log_tail_free(struct log_tail *tail)
{
    if (!tail)
        return;
    for (unsigned i = 0; i < tail->shard_count; i++) {
        while (tail->shards[i].count > 0)
            drop_oldest(tail, &tail->shards[i]);
        free(tail->shards[i].ring);
    }
    assert(!tail->rooms);
    free(tail);
}

void log_tail_append(struct log_tail *tail, unsigned number, const struct envelope *envelope,
                     struct position position)
{
    struct tail_shard *shard = &tail->shards[number];

    if (position_compare(envelope->prev, shard->top) != 0)
        restart(tail, shard, envelope->prev, envelope->created_at_ms);
    link_entry(tail, entry_new(tail, number, envelope, position), envelope);
    shard->top = position;
    while (tail->bytes > tail->max_bytes && !list_empty(&tail->by_age)) {
        const struct entry *oldest = list_entry(tail->by_age.next, struct entry, in_age);
        drop_oldest(tail, &tail->shards[oldest->shard]);
    }
}

void log_tail_align(struct log_tail *tail, unsigned number, struct position position)
{
    struct tail_shard *shard = &tail->shards[number];

    if (position_compare(position, shard->top) != 0)
        restart(tail, shard, position, clock_wall_ms());
}

typedef bool (*entry_test)(const struct entry *entry, const void *arg);

// Binary search: returns how many entries pass the test. Those that pass must precede those that
// fail.
static size_t count_front(const struct tail_shard *shard, entry_test passes, const void *arg)
{
    size_t low = 0, high = shard->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (passes(entry_at(shard, middle), arg))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_up_to_position(const struct entry *entry, const void *position)
{
    return position_compare(entry->position, *(const struct position *)position) <= 0;
}

static bool had_come_by(const struct entry *entry, const void *moment)
{
    return entry->moment <= *(const uint64_t *)moment;
}

struct position log_tail_at(const struct log_tail *tail, unsigned number, struct position position)
{
    const struct tail_shard *shard = &tail->shards[number];
    size_t count = count_front(shard, is_up_to_position, &position);

    return count > 0 ? entry_at(shard, count - 1)->position : shard->reach;
}

bool log_tail_knows(const struct log_tail *tail, unsigned number, struct position position)
{
    return position_compare(log_tail_at(tail, number, position), position) == 0;
}

uint32_t log_tail_gather(struct log_tail *tail)
{
    if (++tail->gatherings == 0)
        tail->gatherings = 1;
    return tail->gatherings;
}

static struct link *link_at(struct list *node)
{
    return list_entry(node, struct link, in_room);
}

static struct entry *entry_of(struct link *link)
{
    return container_of(link - link->index, struct entry, links);
}

// The moment of the oldest entry above the cut; UINT64_MAX if there is none.
static uint64_t moment_above(const struct log_tail *tail, const struct cut *cut)
{
    uint64_t oldest = UINT64_MAX;

    for (unsigned i = 0; i < tail->shard_count; i++) {
        const struct tail_shard *shard = &tail->shards[i];
        size_t count = count_front(shard, is_up_to_position, &cut->at[i]);
        if (count < shard->count && entry_at(shard, count)->moment < oldest)
            oldest = entry_at(shard, count)->moment;
    }
    return oldest;
}

struct tail_walk log_tail_walk(const struct log_tail *tail, struct span room_name,
                               const struct cut *start, uint32_t gathering)
{
    struct tail_room *room = find_room(tail, room_name);
    struct tail_walk walk = {.start = start, .gathering = gathering};

    if (room) {
        walk.at = link_at(room->entries.prev);
        walk.since = moment_above(tail, start);
    }
    return walk;
}

// A chain is in the order of moments; its entries of one shard are also in that of positions.
static bool take_entry(const struct tail_walk *walk, const struct link *link, struct entry *entry)
{
    bool is_action = entry->acts && link->index == 0;

    if (is_action != walk->actions ||
        position_compare(entry->position, walk->start->at[entry->shard]) <= 0 ||
        (!position_is_none(walk->end) && position_compare(entry->position, walk->end) > 0) ||
        (walk->gathering > 0 && entry->gathering == walk->gathering))
        return false;
    entry->gathering = walk->gathering;
    return true;
}

bool log_tail_next(struct tail_walk *walk, struct tail_entry *out)
{
    while (walk->at) {
        struct link *link = walk->at;
        struct entry *entry = entry_of(link);
        struct list *older = link->in_room.prev;

        if (entry->moment < walk->since)
            return false;
        walk->at = older == &link->room->entries ? NULL : link_at(older);
        if (!take_entry(walk, link, entry))
            continue;
        const char *text = text_of(entry);
        *out = (struct tail_entry){
            .position = entry->position,
            .event = {text, entry->event_len},
            .args = {text + entry->event_len, entry->args_len},
            .leaves = leaves_of(entry),
            .disconnects = entry->disconnects,
        };
        return true;
    }
    return false;
}

uint64_t log_tail_moment(const struct log_tail *tail)
{
    return tail->moment;
}

bool log_tail_cut(const struct log_tail *tail, uint64_t moment, struct cut *out)
{
    out->shards = tail->shard_count;
    for (unsigned i = 0; i < tail->shard_count; i++) {
        const struct tail_shard *shard = &tail->shards[i];
        size_t count = count_front(shard, had_come_by, &moment);
        if (count == 0 && moment < shard->reach_moment)
            return false;
        out->at[i] = count > 0 ? entry_at(shard, count - 1)->position : shard->reach;
    }
    return true;
}

void log_tail_observe(const struct log_tail *tail)
{
    size_t entries = 0;
    uint64_t reach_at_ms = 0;

    for (unsigned i = 0; i < tail->shard_count; i++) {
        entries += tail->shards[i].count;
        if (tail->shards[i].reach_at_ms > reach_at_ms)
            reach_at_ms = tail->shards[i].reach_at_ms;
    }
    metric_set(&tail->metrics->entries, entries);
    metric_set(&tail->metrics->bytes, tail->bytes);
    metric_set(&tail->metrics->reach_at_ms, reach_at_ms);
}
