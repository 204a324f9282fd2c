// The entries of a log tail, and how they hang together. Private to log_tail.c, which keeps them,
// and log_tail_walk.c, which follows the chains of rooms.
#pragma once

#include "common/hash.h"
#include "common/list.h"
#include "edge/gateway/delivery/log_tail.h"

// Of what a room has a chain. Actions on a user are few, and have one of their own, so that to find
// them costs nothing for the events of the user's room.
enum tail_chain { TAIL_EVENTS, TAIL_ACTIONS, TAIL_CHAINS };

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
    bool acts, enters, disconnects; // the link of index 0 is in the chain of actions
    uint16_t link_count;
    uint32_t event_len, args_len;
    uint32_t gathering;  // number of the last log_tail_gather() that has met it
    struct link links[]; // one for each room; behind them the event's name and its arguments, and
                         // of an action the room that is left or entered, with a NUL
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
    struct tail_room *chains[TAIL_CHAINS]; // hashes by room
    struct list by_age;
    unsigned shard_count;
    struct tail_shard shards[];
};

static inline struct entry *entry_at(const struct tail_shard *shard, size_t i)
{
    return shard->ring[(shard->head + i) & (shard->capacity - 1)];
}

// The event's name, then its arguments.
static inline char *text_of(struct entry *entry)
{
    return (char *)&entry->links[entry->link_count];
}

// The room that an action is about; empty if there is none.
static inline struct span acted_room_of(struct entry *entry)
{
    return entry->acts ? span_of(text_of(entry) + entry->event_len + entry->args_len)
                       : (struct span){0};
}

struct tail_room *log_tail_find_room(const struct log_tail *tail, enum tail_chain chain,
                                     struct span name); // or NULL
// Binary search: how many of the shard's entries are not above `position`.
size_t log_tail_count_up_to(const struct tail_shard *shard, struct position position);
