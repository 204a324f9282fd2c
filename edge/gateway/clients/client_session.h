// The recoverable session of one client, and what all sessions of this edge share. What each file
// writes to the session store:
//
//     sessions.c         connect: put, without waiting for the answer; transport lost: end
//     room_write.c       join, leave: before the ack
//     session_touch.c    touch: each minute
//     session_record.c   the whole record: at the start, and again if the store may lack something
//
// If the client or the server ends the session on purpose, it is dropped from the store. Events
// cause no write.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/delivery.h"

struct claimed_session;
struct client;

struct sessions_handlers {
    // The store says that the session belongs to a later generation: disconnect this client without
    // `user_left`, since its user is connected elsewhere.
    void (*on_taken)(struct client *client, void *arg);
    void *arg;
};

struct sessions {
    struct session_store *store;
    struct delivery *delivery;
    struct client_metrics *metrics;
    struct span edge_id;
    struct sessions_handlers handlers;
    struct list all;       // of struct client_session; the one written last is last
    struct list writes;    // of struct room_write
    struct list unwritten; // of struct client_session
    struct deadline_queue touches, timeouts, repairs, pauses;
    struct deadline repair;
    struct buffer text;
};

struct client_session {
    struct sessions *sessions;
    struct client *client;
    struct list of_all;    // in sessions->all
    struct list unwritten; // in sessions->unwritten while the record has to be written again
    struct list writes;    // of struct room_write
    struct list regrants;  // of struct regrant, see regrants.h
    struct deadline touch_due;
    struct session_request writing; // a touch, or the whole record
    uint64_t touched_moment;        // the socket's moment when it was last touched with one; or 0
    uint64_t created_ms;
    struct position acted; // the newest action of a service that let its user into a room
    char *stale;           // an offset that is not of this session, see session_record; mostly NULL
    bool stored;           // was sent to the store, so another edge may have claimed it by now
    uint32_t noted;        // number of the freshness that was written last
    uint64_t generation;
    char id[SESSION_ID_LEN + 1];
};

// What is noted of a join. All shards count, since an event of several rooms is in the shard of its
// first one.
struct room_note {
    struct cut joined;   // what the edge had delivered then
    uint64_t granted_ms; // when the join was last authorized, wall clock
    bool by_action;      // a service has let the client in
};

// A join or leave that is being written to the store, see room_write.h. Embedded in the structure
// that waits for it.
struct room_write {
    struct list of_session, of_all;
    struct client_session *session; // NULL: not pending
    struct session_request request;
    struct deadline timeout;
    bool leaves;           // a leave; the client stays in the room until it is written
    bool left;             // of a leave: the client is out already, because a join followed
    struct span room;      // borrowed
    struct room_note note; // of a join
    // Called once, when the write is over. `ok` is false if it was given up.
    void (*on_written)(struct room_write *write, bool ok);
};

// Begins a fresh session for the client. `stale` is an offset that must not count as one of this
// session, or empty; copied.
NODISCARD struct client_session *client_session_begin(struct sessions *sessions,
                                                      struct client *client, struct span stale);
// Resumes a claimed session.
NODISCARD struct client_session *client_session_resume(struct sessions *sessions,
                                                       struct client *client,
                                                       const struct claimed_session *claimed);
// Withdraws a pending touch or record. Room writes and regrants must be over. NULL is ignored.
void client_session_free(struct client_session *session);

struct session_key client_session_key(const struct client_session *session);
// The note of a join that happens now.
struct room_note client_session_note(const struct client_session *session);

// The note is kept with the membership, for which a socket has room_note_bytes() in
// sio_options.room_note_bytes. The client must be in the room. Without sessions there are no
// shards: what remains is whether a service has let the client in.
size_t room_note_bytes(unsigned shards);
void room_note_set_by_action(const struct client *client, struct span room);
// False as well if the client is not in the room.
bool room_note_is_by_action(const struct client *client, struct span room);
void client_session_keep_note(const struct client_session *session, struct span room,
                              const struct room_note *note);
struct room_note client_session_kept_note(const struct client_session *session, struct span room);

// True if the client has asked to leave the room and the store has not answered yet. Until then the
// client is a member of the room at this edge.
bool client_session_is_leaving(const struct client_session *session, struct span room);
// The note for a join that is about to be written. If another join of the same room is pending, its
// note is used: the client enters with the position of the first join, so the record must not get a
// later one.
struct room_note client_session_join_note(const struct client_session *session, struct span room);

// ---- for the files named above

static inline const struct session_store_ops *sessions_ops(const struct sessions *sessions)
{
    return sessions->store->ops;
}

static inline bool sessions_store_is_up(const struct sessions *sessions)
{
    return sessions_ops(sessions)->is_up(sessions->store);
}

// Call for each write that is sent: counts it, and notes that the session was written last.
void client_session_note_write(struct client_session *session);
// Called when the store answers SESSION_TAKEN: counts it and calls on_taken.
void client_session_lose(struct client_session *session);
