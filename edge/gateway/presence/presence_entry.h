// The entries of presence, a user's or a room's each, and the states that they go through (see
// presence.h). Private to this folder.
#pragma once

#include "common/deadlines.h"
#include "common/hash.h"
#include "edge/gateway/presence/presence_metrics.h"
#include "edge/gateway/presence/presence_options.h"

#define PRESENCE_BATCH_MAX 200
#define PRESENCE_DOUBT_MS  60000      // a store that lost writes may have lost those of this time
#define PRESENCE_UNKNOWN   UINT32_MAX // no user or room has so many clients

enum presence_state {
    PRESENCE_RESTING,
    PRESENCE_DIRTY,
    PRESENCE_SENT,
    PRESENCE_COOLING,
    PRESENCE_LEAVING
};

struct presence_entry {
    UT_hash_handle hh;
    struct list dirty; // in presence.dirty while PRESENCE_DIRTY
    struct deadline due;
    uint32_t size;    // clients in the room at this edge
    uint32_t written; // the number that the store has, as far as is known; or PRESENCE_UNKNOWN
    uint32_t sent;
    uint64_t told_ms; // when the store had the entry first; 0: not yet, or it was taken out there
    enum presence_state state;
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
    struct presence_entry *by_name;
    struct list dirty; // the oldest first
    struct presence_entry *batch[PRESENCE_BATCH_MAX];
    size_t batch_count; // under way; 0: none
    bool introduced;    // the store has answered a beat
    uint64_t heard_ms;  // when it did so last
    // Who has no connection here may have one elsewhere that the store does not have yet, or come
    // back: until then such users get the longer grace.
    uint64_t patient_until_ms;
    struct deadline tick;
    struct deadline_queue ticks, pauses, coolings, refreshes, graces, longer_graces;
};

// The room of the entry; a user's is the user's room.
struct span presence_name_of(const struct presence_entry *entry);
// NULL: there is none.
struct presence_entry *presence_find(const struct presence *presence, struct span room);
// Adds an entry without clients, which waits for nothing.
struct presence_entry *presence_add(struct presence *presence, struct span room, bool is_user);
void presence_drop(struct presence *presence, struct presence_entry *entry);

// Lets the next batch begin in a moment, if there is something to write and the store is there.
void presence_schedule(struct presence *presence);
void presence_make_dirty(struct presence *presence, struct presence_entry *entry);
void presence_take_from_dirty(struct presence *presence, struct presence_entry *entry);
bool presence_needs_write(const struct presence_entry *entry);
// The entry has nothing to write: it rests, or is dropped if nobody is there.
void presence_rest(struct presence *presence, struct presence_entry *entry);
// Finds the next state of an entry that waits for nothing.
void presence_settle(struct presence *presence, struct presence_entry *entry);
// For a while now users who have left get the longer grace.
void presence_be_patient(struct presence *presence);
