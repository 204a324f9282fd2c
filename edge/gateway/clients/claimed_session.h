// What is kept of a session's record once it was claimed, since the record is the store's.
#pragma once

#include "common/buffer.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/offset.h"

struct claimed_session {
    struct session_key key; // its id is the claimer's
    uint64_t created_ms;
    bool left; // the others were told that it left
    struct buffer socket_id;
    // What its last edge noted: up to where it had delivered, and what was sent last, if anything.
    bool fresh_good;
    bool sent_nothing;
    struct cut sent, had;
    struct position lost[OFFSET_SHARDS_MAX]; // events up to here are missing in the log
    struct session_room *rooms;              // names point into room_names
    size_t room_count;
    struct buffer room_names;
};

// Copies `record` into a zeroed session. Borrows `id`.
void claimed_session_keep(struct claimed_session *session, const struct session_record *record,
                          struct span id, unsigned shards);
void claimed_session_fini(struct claimed_session *session);
