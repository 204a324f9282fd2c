// A copy of what an attempt needs of a claimed session's record. The record itself is borrowed from
// the store and is valid only during on_claimed.
#pragma once

#include "common/buffer.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/cut.h"

struct claimed_session {
    struct session_key key; // key.id is borrowed from the attempt
    uint64_t created_ms;
    bool left; // its rooms got `user_left`
    struct buffer socket_id;
    // The freshness that its last edge wrote, see session_touch.h.
    bool fresh_good;                      // `had`, and `sent` unless sent_nothing, are valid
    bool sent_nothing;                    // the session was sent no event with an offset
    struct cut sent, had;                 // sent last; delivered by the edge at that time
    struct position lost[CUT_SHARDS_MAX]; // by shard: events up to here are missing in the log
    struct position acted;                // the newest action that the rooms reflect
    struct session_room *rooms;           // names point into room_names, or are in `added`
    size_t room_count;
    struct buffer room_names;
    struct added_name *added;
    struct session_taken *taken; // rooms that an operator took the user out of; names are owned
    size_t taken_count;
};

// Copies `record` into a zeroed session. Borrows `id`, which must equal the record's. `shards` is
// the number of shards of the log; freshness with another number is ignored.
void claimed_session_keep(struct claimed_session *session, const struct session_record *record,
                          struct span id, unsigned shards);
// Takes a room out of the copy. Returns false if the session was not in the room.
bool claimed_session_drop_room(struct claimed_session *session, struct span room);
// Puts a room into the copy. Copies the name.
void claimed_session_add_room(struct claimed_session *session, const struct session_room *room);
// NULL if the session is not in the room.
struct session_room *claimed_session_find_room(const struct claimed_session *session,
                                               struct span room);
// An operator has taken the user out of the room, whether or not the session was in it.
void claimed_session_note_taken(struct claimed_session *session, struct session_taken taken);
// True if an operator has taken the user out of the room at this time or later.
bool claimed_session_was_taken(const struct claimed_session *session, struct span room,
                               uint64_t at_ms);
void claimed_session_fini(struct claimed_session *session);
