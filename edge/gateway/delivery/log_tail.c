#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "edge/gateway/delivery/log_tail_internal.h"

#define FIRST_CAPACITY  64
#define MALLOC_OVERHEAD 16

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

static size_t size_of(struct entry *entry)
{
    size_t action = entry->acts ? acted_room_of(entry).len + 1 : 0;

    return bytes_of(entry->link_count, entry->event_len, entry->args_len) + action +
           MALLOC_OVERHEAD + sizeof(struct entry *);
}

static size_t size_of_room(const struct tail_room *room)
{
    return sizeof(*room) + room->name_len + MALLOC_OVERHEAD;
}

struct tail_room *log_tail_find_room(const struct log_tail *tail, enum tail_chain chain,
                                     struct span name)
{
    struct tail_room *room;

    HASH_FIND(hh, tail->chains[chain], name.ptr, name.len, room);
    return room;
}

static enum tail_chain chain_of(const struct entry *entry, size_t link)
{
    return entry->acts && link == 0 ? TAIL_ACTIONS : TAIL_EVENTS;
}

static struct tail_room *add_room(struct log_tail *tail, enum tail_chain chain, struct span name)
{
    struct tail_room *room = mem_zalloc(sizeof(*room) + name.len);

    list_init(&room->entries);
    room->name_len = name.len;
    memcpy(room->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, tail->chains[chain], room->name, room->name_len, room);
    tail->bytes += size_of_room(room);
    return room;
}

static void remove_room_if_empty(struct log_tail *tail, enum tail_chain chain,
                                 struct tail_room *room)
{
    if (!list_empty(&room->entries))
        return;
    tail->bytes -= size_of_room(room);
    HASH_DEL(tail->chains[chain], room);
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
        remove_room_if_empty(tail, chain_of(entry, i), entry->links[i].room);
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

static struct span acted_room(const struct envelope *envelope)
{
    return envelope->enters.len > 0 ? envelope->enters : envelope->leaves;
}

static struct entry *entry_new(struct log_tail *tail, unsigned shard,
                               const struct envelope *envelope, struct position position)
{
    size_t links = 1 + envelope->more_count;
    bool acts = envelope_acts(envelope);
    struct entry *entry = mem_alloc(bytes_of(links, envelope->event.len, envelope->args.len) +
                                    (acts ? acted_room(envelope).len + 1 : 0));

    *entry = (struct entry){
        .position = position,
        .moment = ++tail->moment,
        .created_at_ms = envelope->created_at_ms,
        .shard = (uint8_t)shard,
        .acts = acts,
        .enters = envelope->enters.len > 0,
        .disconnects = envelope->disconnects,
        .link_count = (uint16_t)links,
        .event_len = (uint32_t)envelope->event.len,
        .args_len = (uint32_t)envelope->args.len,
    };
    char *text = text_of(entry);
    append(&text, envelope->event);
    append(&text, envelope->args);
    if (acts) {
        append(&text, acted_room(envelope));
        *text = '\0';
    }
    return entry;
}

static void link_to_room(struct log_tail *tail, struct entry *entry, size_t i,
                         struct span room_name)
{
    enum tail_chain chain = chain_of(entry, i);
    struct tail_room *room = log_tail_find_room(tail, chain, room_name);
    struct link *link = &entry->links[i];

    link->index = (uint32_t)i;
    link->room = room ? room : add_room(tail, chain, room_name);
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
    assert(!tail->chains[TAIL_EVENTS] && !tail->chains[TAIL_ACTIONS]);
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

size_t log_tail_count_up_to(const struct tail_shard *shard, struct position position)
{
    return count_front(shard, is_up_to_position, &position);
}

struct position log_tail_at(const struct log_tail *tail, unsigned number, struct position position)
{
    const struct tail_shard *shard = &tail->shards[number];
    size_t count = log_tail_count_up_to(shard, position);

    return count > 0 ? entry_at(shard, count - 1)->position : shard->reach;
}

bool log_tail_knows(const struct log_tail *tail, unsigned number, struct position position)
{
    return position_compare(log_tail_at(tail, number, position), position) == 0;
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
