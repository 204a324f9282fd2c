// The recoverable session of one client, and all sessions of this edge: what is written to the
// session store, and when.
//
//     connect   put, not waited for         join, leave   before the ack
//     touch     each minute                 end           when the transport is lost
//     drop      when either side says that it is over
//
// Nothing is written for an event. Freshness stands in for that: each touch notes the offset that
// was sent last and what the edge had delivered, so that a client that was sent nothing since needs
// nothing from before.
//
// While the store is away joins and leaves wait for SESSION_WAIT_MS; what could not be written is
// written, bit by bit, once it is back. A whole record that gets no answer counts as not written.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/delivery.h"
#include "edge/gateway/gateway_metrics.h"

#define SESSION_TOUCH_MS 60000
#define SESSION_WAIT_MS  5000

struct client;
struct sessions;

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

// A join or leave on its way to the store; embedded in whoever waits for it.
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

struct sessions_handlers {
    // Another edge, or another connection, has the session: this client must go, in silence.
    void (*on_taken)(struct client *client, void *arg);
    void *arg;
};

struct sessions {
    struct session_store *store;
    struct delivery *delivery;
    struct gateway_metrics *metrics;
    struct span edge_id;
    struct sessions_handlers handlers;
    struct list writes;    // of struct room_write
    struct list unwritten; // of struct client_session
    struct deadline_queue touches, patience, repairs, pauses;
    struct deadline repair;
    struct buffer text;
};

void sessions_init(struct sessions *sessions, struct deadlines *clock);
void sessions_fini(struct sessions *sessions);
// The store is back.
void sessions_on_up(struct sessions *sessions);

// A session of its own for the client; `stale` is an offset that must not be taken for one of this
// session, or empty.
NODISCARD struct client_session *client_session_begin(struct sessions *sessions,
                                                      struct client *client, struct span stale);
// One that was claimed, of the generation in `key`.
NODISCARD struct client_session *client_session_resume(struct sessions *sessions,
                                                       struct client *client,
                                                       struct session_key key, uint64_t created_ms);
// Writes it for the first time, once the client is in its own room.
void client_session_put(struct sessions *sessions, struct client_session *session);
// Notes what was sent last ("-": nothing) and what the edge has.
void client_session_freshen(struct sessions *sessions, struct client_session *session,
                            struct span sent);
// Notes that its connection is lost, and first what the store still lacks; `request` may be NULL.
// The store must be up.
void client_session_end(struct sessions *sessions, struct client_session *session,
                        struct session_request *request);
// What is under way is withdrawn. NULL is ignored.
void client_session_free(struct client_session *session);

// Starts a write whose room, note and on_written are set.
void client_session_write(struct sessions *sessions, struct client_session *session,
                          struct room_write *write);
// The write gets no answer. A join that may have been stored is undone.
void client_session_cancel_write(struct sessions *sessions, struct room_write *write);

// The store may have other rooms than the client: all of them are written, soon.
void client_session_mark_unwritten(struct sessions *sessions, struct client_session *session);

// Now, for the note of a join.
struct room_note client_session_note(const struct sessions *sessions, struct span room);
struct session_key client_session_key(const struct client_session *session);
// The freshness of this moment, valid until the next call.
struct span client_session_freshness(struct sessions *sessions,
                                     const struct client_session *session);
