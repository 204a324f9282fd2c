#include "edge/gateway/delivery/replay.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/delivery/offset.h"
#include "edge/socketio/packet.h"

struct missed {
    struct tail_entry *entries;
    size_t count, cap;
};

static void add_entry(struct missed *missed, const struct tail_entry *entry)
{
    if (missed->count == missed->cap) {
        missed->cap = missed->cap > 0 ? 2 * missed->cap : 16;
        missed->entries = mem_realloc(missed->entries, missed->cap * sizeof(missed->entries[0]));
    }
    missed->entries[missed->count++] = *entry;
}

// False if there are more than `max_events`, or too many to look at.
static bool collect(struct log_tail *tail, const struct replay_room *rooms, size_t room_count,
                    const struct replay_limits *limits, struct missed *missed)
{
    uint32_t gathering = log_tail_gather(tail);
    size_t visits_left = replay_max_visits(limits);

    for (size_t i = 0; i < room_count; i++) {
        struct tail_walk walk = log_tail_walk(tail, rooms[i].name, &rooms[i].start, gathering);
        struct tail_entry entry;
        walk.end = rooms[i].end;
        walk.visits_left = &visits_left;
        while (log_tail_next(&walk, &entry)) {
            if (missed->count == limits->max_events)
                return false;
            add_entry(missed, &entry);
        }
        if (walk.stopped)
            return false;
    }
    return true;
}

static int by_position(const void *a, const void *b)
{
    return position_compare(((const struct tail_entry *)a)->position,
                            ((const struct tail_entry *)b)->position);
}

// The client's cut once it has handled the event at `position`. Events are replayed in the order of
// their positions over all shards, so the client then has, of each shard, every entry up to that
// position: the newest of these, or the client's start if that is greater.
static void cut_behind(const struct log_tail *tail, const struct cut *start,
                       struct position position, struct cut *out)
{
    out->shards = start->shards;
    for (unsigned i = 0; i < start->shards; i++) {
        struct position there = log_tail_at(tail, i, position);
        // log_tail_at() may return a reach above the position, for a shard of which the client
        // misses nothing that old: then its start stays.
        bool below = position_compare(there, position) <= 0;
        out->at[i] = below && position_compare(there, start->at[i]) > 0 ? there : start->at[i];
    }
}

// False if the frames cost more than `max_bytes`.
static bool encode(const struct log_tail *tail, struct span nsp, const struct missed *missed,
                   const struct cut *start, size_t max_bytes, struct replay *out)
{
    char offset[OFFSET_TEXT_MAX];

    out->frames = mem_alloc((missed->count + 1) * sizeof(struct frame *));
    for (size_t i = 0; i < missed->count && out->bytes <= max_bytes; i++) {
        const struct tail_entry *entry = &missed->entries[i];
        cut_behind(tail, start, entry->position, &out->last);
        size_t len = offset_print(&out->last, offset);
        struct frame *frame =
            sio_encode_event_at(nsp, entry->event, entry->args, (struct span){offset, len});
        out->bytes += frame_cost(frame);
        out->frames[out->count++] = frame;
    }
    return out->bytes <= max_bytes;
}

bool replay_make(struct log_tail *tail, struct span nsp, const struct replay_room *rooms,
                 size_t room_count, const struct cut *start, const struct replay_limits *limits,
                 struct replay *out)
{
    struct missed missed = {0};

    *out = (struct replay){.last = *start};
    bool fits = collect(tail, rooms, room_count, limits, &missed);
    if (fits) {
        if (missed.count > 1)
            qsort(missed.entries, missed.count, sizeof(missed.entries[0]), by_position);
        fits = encode(tail, nsp, &missed, start, limits->max_bytes, out);
    }
    free(missed.entries);
    if (!fits)
        replay_fini(out);
    return fits;
}

void replay_fini(struct replay *replay)
{
    for (size_t i = 0; i < replay->count; i++)
        frame_unref(replay->frames[i]);
    free(replay->frames);
    *replay = (struct replay){0};
}
