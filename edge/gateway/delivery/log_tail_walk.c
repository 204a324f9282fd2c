#include "edge/gateway/delivery/log_tail_internal.h"

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
        size_t count = log_tail_count_up_to(shard, cut->at[i]);
        if (count < shard->count && entry_at(shard, count)->moment < oldest)
            oldest = entry_at(shard, count)->moment;
    }
    return oldest;
}

static struct tail_walk walk_chain(const struct log_tail *tail, enum tail_chain chain,
                                   struct span room_name, const struct cut *start,
                                   uint32_t gathering)
{
    struct tail_room *room = log_tail_find_room(tail, chain, room_name);
    struct tail_walk walk = {.start = start, .gathering = gathering};

    if (room) {
        walk.at = link_at(room->entries.prev);
        walk.since = moment_above(tail, start);
    }
    return walk;
}

struct tail_walk log_tail_walk(const struct log_tail *tail, struct span room,
                               const struct cut *start, uint32_t gathering)
{
    return walk_chain(tail, TAIL_EVENTS, room, start, gathering);
}

struct tail_walk log_tail_walk_actions(const struct log_tail *tail, struct span room,
                                       const struct cut *start)
{
    return walk_chain(tail, TAIL_ACTIONS, room, start, 0);
}

// A chain is in the order of moments; its entries of one shard are also in that of positions.
static bool take_entry(const struct tail_walk *walk, struct entry *entry)
{
    if (position_compare(entry->position, walk->start->at[entry->shard]) <= 0 ||
        (!position_is_none(walk->end) && position_compare(entry->position, walk->end) > 0) ||
        (walk->gathering > 0 && entry->gathering == walk->gathering))
        return false;
    entry->gathering = walk->gathering;
    return true;
}

static bool may_visit(struct tail_walk *walk)
{
    if (!walk->visits_left)
        return true;
    walk->stopped = *walk->visits_left == 0;
    if (!walk->stopped)
        --*walk->visits_left;
    return !walk->stopped;
}

static struct tail_entry view_of(struct entry *entry)
{
    const char *text = text_of(entry);

    return (struct tail_entry){
        .position = entry->position,
        .event = {text, entry->event_len},
        .args = {text + entry->event_len, entry->args_len},
        .shard = entry->shard,
        .created_at_ms = entry->created_at_ms,
        .leaves = entry->enters ? (struct span){0} : acted_room_of(entry),
        .enters = entry->enters ? acted_room_of(entry) : (struct span){0},
        .disconnects = entry->disconnects,
    };
}

bool log_tail_next(struct tail_walk *walk, struct tail_entry *out)
{
    while (walk->at) {
        struct link *link = walk->at;
        struct entry *entry = entry_of(link);
        struct list *older = link->in_room.prev;

        if (entry->moment < walk->since || !may_visit(walk))
            return false;
        walk->at = older == &link->room->entries ? NULL : link_at(older);
        if (!take_entry(walk, entry))
            continue;
        *out = view_of(entry);
        return true;
    }
    return false;
}
