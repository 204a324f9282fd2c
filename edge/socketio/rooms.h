// Rooms and their members. A membership is one node in two lists, the room's and the member's:
// leaving all rooms walks only the member's list, and a broadcast only the room's. A room exists
// while it has members.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "common/span.h"
#include "common/token_bucket.h"

struct rooms;
struct room;

// Embedded in the structure that joins rooms.
struct room_member {
    struct list memberships;
    unsigned room_count;
};

enum rooms_join { ROOMS_JOINED = 0, ROOMS_ALREADY_IN, ROOMS_LIMIT };

typedef void (*room_member_fn)(struct room_member *member, void *arg);
typedef void (*room_name_fn)(struct span room, void *arg);
typedef void (*room_size_fn)(struct span room, size_t size, void *arg);

// Each membership has `note_bytes` bytes for the caller, see rooms_note().
NODISCARD struct rooms *rooms_new(unsigned max_rooms_per_member, size_t note_bytes);
void rooms_free(struct rooms *rooms); // must be empty
// Calls `on_size` whenever a room has more or fewer members than before: 0 for one that is about to
// vanish. It must not change memberships. NULL ends that.
void rooms_watch(struct rooms *rooms, room_size_fn on_size, void *arg);

void room_member_init(struct room_member *member);

// Copies the name if the room is new.
NODISCARD enum rooms_join rooms_join(struct rooms *rooms, struct room_member *member,
                                     struct span room);
// False if the member was not in the room.
bool rooms_leave(struct rooms *rooms, struct room_member *member, struct span room);
void rooms_leave_all(struct rooms *rooms, struct room_member *member);
bool rooms_is_in(const struct rooms *rooms, const struct room_member *member, struct span room);
// The caller's bytes of a membership, zeroed at the join. NULL if the member is not in the room.
void *rooms_note(const struct rooms *rooms, const struct room_member *member, struct span room);
// NULL if the room has no members. The result is valid only until a membership changes; it is meant
// to be passed to rooms_visit() at once.
struct room *rooms_find(const struct rooms *rooms, struct span room);
size_t rooms_size(const struct rooms *rooms, struct span room); // number of members

// Takes one token for each member from the room's token bucket; false if there are not enough. A
// room with more members than the bucket can hold takes a full bucket.
NODISCARD bool rooms_take_deliveries(struct rooms *rooms, struct span room,
                                     const struct token_rate *rate, uint64_t now_ms);

// Calls `visit` for each member, in the order of joining. The visitor may remove the visited member
// from rooms, but no other member; it may visit rooms itself.
void rooms_each_member(struct rooms *rooms, struct span room, room_member_fn visit, void *arg);
// The same for the result of rooms_find().
void rooms_visit(struct rooms *rooms, struct room *room, room_member_fn visit, void *arg);
// Calls `visit` for each room of one member, in the order of joining. The visitor must not change
// memberships.
void rooms_each_of(const struct room_member *member, room_name_fn visit, void *arg);
// Calls `visit` for up to `max` rooms, in no particular order.
void rooms_each(const struct rooms *rooms, size_t max, room_name_fn visit, void *arg);

size_t rooms_count(const struct rooms *rooms);
