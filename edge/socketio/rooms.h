// Who is in which room. A membership is one node in two lists, so that leaving costs what the
// member joined, and a broadcast walks members only. A room lives while it has members.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "common/span.h"
#include "common/token_bucket.h"

struct rooms;
struct room;

// Embedded in whoever joins rooms.
struct room_member {
    struct list memberships;
    unsigned room_count;
};

enum rooms_join { ROOMS_JOINED = 0, ROOMS_ALREADY_IN, ROOMS_LIMIT };

typedef void (*room_member_fn)(struct room_member *member, void *arg);
typedef void (*room_name_fn)(struct span room, void *arg);

// With each membership `note_bytes` bytes of the caller's are kept, see rooms_note().
NODISCARD struct rooms *rooms_new(unsigned max_rooms_per_member, size_t note_bytes);
void rooms_free(struct rooms *rooms); // must be empty

void room_member_init(struct room_member *member);

// Copies the name of a room that is new.
NODISCARD enum rooms_join rooms_join(struct rooms *rooms, struct room_member *member,
                                     struct span room);
// False when the member was not in it.
bool rooms_leave(struct rooms *rooms, struct room_member *member, struct span room);
void rooms_leave_all(struct rooms *rooms, struct room_member *member);
bool rooms_is_in(const struct rooms *rooms, const struct room_member *member, struct span room);
// What is noted with a membership, zeroed when it begins; NULL when there is none.
void *rooms_note(const struct rooms *rooms, const struct room_member *member, struct span room);
// The room, for rooms_visit() in the same call; NULL when it has no members.
struct room *rooms_find(const struct rooms *rooms, struct span room);
size_t rooms_size(const struct rooms *rooms, struct span room); // how many it has

// Takes one for each member from what the room may cause at this rate; false when that is not left.
// A room of more members than a full bucket holds takes a full one.
NODISCARD bool rooms_take_deliveries(struct rooms *rooms, struct span room,
                                     const struct token_rate *rate, uint64_t now_ms);

// Calls `visit` for each member, in the order of joining. The visitor may take the visited member
// out of rooms, but no other; it may visit rooms itself.
void rooms_each_member(struct rooms *rooms, struct span room, room_member_fn visit, void *arg);
// The same for a room that was found already.
void rooms_visit(struct rooms *rooms, struct room *room, room_member_fn visit, void *arg);
// The rooms of one member, in the order of joining. The visitor must not change memberships.
void rooms_each_of(const struct room_member *member, room_name_fn visit, void *arg);
// Up to `max` room names in no particular order.
void rooms_each(const struct rooms *rooms, size_t max, room_name_fn visit, void *arg);

size_t rooms_count(const struct rooms *rooms);
