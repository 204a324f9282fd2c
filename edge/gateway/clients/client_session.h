// The recoverable session of one client, and what all sessions of this edge share.
//
//     sessions.c         connect: put, not waited for; transport lost: end
//     room_write.c       join, leave: before the ack
//     session_touch.c    touch: each minute
//     session_record.c   the whole record: at the start, and where the store has less than that
//
// A session is dropped when either side says that it is over. Nothing is written for an event.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/delivery.h"

struct client;

struct sessions_handlers {
    // Another edge, or another connection, has the session: this client must go, in silence.
    void (*on_taken)(struct client *client, void *arg);
    void *arg;
};

struct sessions {
    struct session_store *store;
    struct delivery *delivery;
    struct client_metrics *metrics;
    struct span edge_id;
    struct sessions_handlers handlers;
    struct list writes;    // of struct room_write
    struct list unwritten; // of struct client_session
    struct deadline_queue touches, patience, repairs, pauses;
    struct deadline repair;
    struct buffer text;
};

struct client_session {
    struct sessions *sessions;
    struct client *client;
    struct list unwritten; // in sessions->unwritten; alone: the store has everything
    struct list writes;    // of struct room_write
    struct list regrants;  // of struct regrant, see regrants.h
    struct deadline touch_due;
    struct session_request writing; // a touch, or the whole record
    uint64_t touched_moment;
    uint64_t created_ms;
    char *stale; // an offset from before the session; mostly NULL
    bool stored; // the store was told of it, so another edge may have it by now
    uint32_t generation;
    char id[SESSION_ID_LEN + 1];
};

// What is noted with a membership (sio_options.room_note_bytes).
struct room_note {
    struct position joined;
    uint64_t granted_ms;
};

// A join or leave on its way to the store, see room_write.h; embedded in whoever waits for it.
struct room_write {
    struct list of_session, of_all;
    struct client_session *session; // NULL: not under way
    struct session_request request;
    struct deadline patience;
    bool leaves;
    struct span room;      // borrowed
    struct room_note note; // of a join
    // Once: whether the store has it. The write is over.
    void (*on_written)(struct room_write *write, bool ok);
};

// A session of its own for the client; `stale` is an offset that must not be taken for one of this
// session, or empty.
NODISCARD struct client_session *client_session_begin(struct sessions *sessions,
                                                      struct client *client, struct span stale);
// One that was claimed, of the generation in `key`.
NODISCARD struct client_session *client_session_resume(struct sessions *sessions,
                                                       struct client *client,
                                                       struct session_key key, uint64_t created_ms);
// What is under way is withdrawn. NULL is ignored.
void client_session_free(struct client_session *session);

struct session_key client_session_key(const struct client_session *session);
// Now, for the note of a join.
struct room_note client_session_note(const struct client_session *session, struct span room);

// ---- for the files above

static inline const struct session_store_ops *sessions_ops(const struct sessions *sessions)
{
    return sessions->store->ops;
}

static inline bool sessions_store_is_up(const struct sessions *sessions)
{
    return sessions_ops(sessions)->is_up(sessions->store);
}

// The store says that it is another generation's.
void client_session_lose(struct client_session *session);
