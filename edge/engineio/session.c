#include "edge/engineio/session.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/engineio_internal.h"

#define HELD_BYTES_MAX ((size_t)32 * 1024) // of one session; above, a write costs by its bytes

const char *eio_close_reason_str(enum eio_close_reason reason)
{
    static const char *const words[EIO_CLOSE_REASONS] = {
        [EIO_TRANSPORT_CLOSE] = "transport close",    [EIO_TRANSPORT_ERROR] = "transport error",
        [EIO_PING_TIMEOUT] = "ping timeout",          [EIO_PARSE_ERROR] = "parse error",
        [EIO_FORCED_CLOSE] = "forced close",          [EIO_SLOW_CONSUMER] = "slow consumer",
        [EIO_SHUTTING_DOWN] = "server shutting down", [EIO_RATE_LIMIT] = "rate limit",
        [EIO_MEMORY_LIMIT] = "memory limit",
    };
    return words[reason];
}

struct eio_session *eio__session_new(struct eio_server *server,
                                     const struct eio__session_options *options)
{
    struct eio_session *session = mem_zalloc(sizeof(*session));

    session->server = server;
    session->peer = options->peer;
    session->version = options->version;
    session->base64 = options->base64;
    deadline_init(&session->heartbeat);
    list_init(&session->queued);
    if (server->addresses)
        session->address = key_counter_add(server->addresses, ip_prefix_key(&session->peer));
    random_id(session->sid);
    HASH_ADD_KEYPTR(hh, server->by_sid, session->sid, RANDOM_ID_LEN, session);
    return session;
}

void eio__session_free(struct eio_session *session)
{
    HASH_DEL(session->server->by_sid, session);
    if (session->address)
        key_counter_drop(session->server->addresses, session->address);
    deadline_cancel(&session->heartbeat);
    eio__session_unqueue(session);
    outbox_fini(&session->outbox);
    free(session->jsonp);
    free(session);
}

struct eio_session *eio__session_find(struct eio_server *server, struct span sid)
{
    struct eio_session *session;

    HASH_FIND(hh, server->by_sid, sid.ptr, sid.len, session);
    return session;
}

void eio__session_unqueue(struct eio_session *session)
{
    list_unlink(&session->queued);
    if (session->is_held)
        flush_pace_leave(&session->server->pace);
    session->is_held = false;
}

void eio__session_mark_dirty(struct eio_session *session)
{
    if (session->is_held)
        eio__session_unqueue(session);
    if (list_empty(&session->queued))
        list_append(&session->server->dirty, &session->queued);
}

static bool is_filling_up(const struct eio_session *session)
{
    return session->outbox.bytes > session->server->options.max_outbox_bytes / 4;
}

static void leave_backlog(struct eio_session *session)
{
    if (session->is_backlogged)
        session->server->backlog.sessions--;
    session->is_backlogged = false;
}

void eio__session_drop_sent(struct eio_session *session, uint32_t n)
{
    outbox_drop(&session->outbox, n);
    if (!session->is_backlogged || n == 0)
        return;
    session->server->backlog.taken++;
    if (!is_filling_up(session))
        leave_backlog(session);
}

enum queued { QUEUED = 0, NO_ROOM, NO_MEMORY };

// Into an empty outbox one frame always fits, even beyond its limit and the budget of memory: so a
// single large event cannot end a client that reads.
static enum queued queue(struct eio_session *session, struct frame *frame)
{
    const struct eio_options *options = &session->server->options;
    struct outbox *outbox = &session->outbox;

    if (outbox->count == 0)
        frame_charge_anyway(frame, options->memory);
    else if (!frame_charge(frame, options->memory))
        return NO_MEMORY;
    return outbox_push(outbox, frame, options->max_outbox_bytes) ? QUEUED : NO_ROOM;
}

static bool write_some(struct eio_session *session)
{
    return session->server->transports[session->on_websocket].write_some(session);
}

// A full outbox need not mean a slow client: many frames of one turn wait for its end, when the
// flush writes. So what the transport takes is written now, and only a session whose transport
// takes too little fails here.
static enum queued write_and_queue(struct eio_session *session, struct frame *frame)
{
    enum queued queued;

    do
        queued = queue(session, frame);
    while (queued != QUEUED && write_some(session));
    return queued;
}

// Queues the frame and those that follow it. False if the session is closing, or closes now.
static bool queue_all(struct eio_session *session, struct frame *frame)
{
    if (session->state != SESSION_OPEN)
        return false;
    for (; frame; frame = frame_next(frame)) {
        enum queued queued = write_and_queue(session, frame);
        if (queued != QUEUED) {
            eio_session_close(session, queued == NO_ROOM ? EIO_SLOW_CONSUMER : EIO_MEMORY_LIMIT);
            return false;
        }
    }
    if (!session->is_backlogged && is_filling_up(session)) {
        session->is_backlogged = true;
        session->server->backlog.sessions++;
    }
    return true;
}

void eio_session_send(struct eio_session *session, struct frame *frame)
{
    if (queue_all(session, frame))
        eio__session_mark_dirty(session);
}

// A session with so much to write gains little by more, and one whose outbox fills up must not
// wait.
static bool may_wait(const struct eio_session *session)
{
    return session->server->pace.holds && session->outbox.bytes < HELD_BYTES_MAX &&
           !session->is_backlogged;
}

// A session that is to be written in this turn anyway is not held.
static void hold(struct eio_session *session)
{
    struct eio_server *server = session->server;

    if (session->is_held && session->turn != server->turn)
        flush_pace_join(&server->pace);
    if (!session->is_held && list_empty(&session->queued)) {
        list_append(&server->held, &session->queued);
        session->is_held = true;
        flush_pace_wait(&server->pace);
    }
    session->turn = server->turn;
}

void eio_session_deliver(struct eio_session *session, struct frame *frame)
{
    if (!queue_all(session, frame))
        return;
    if (may_wait(session))
        hold(session);
    else
        eio__session_mark_dirty(session);
}

void eio_session_close(struct eio_session *session, enum eio_close_reason reason)
{
    if (session->state != SESSION_OPEN)
        return;
    session->state = SESSION_ENDING;
    session->reason = reason;
    leave_backlog(session);
    deadline_cancel(&session->heartbeat);
    eio__session_unqueue(session);
    list_append(&session->server->ending, &session->queued);
}

void eio__session_expect_heartbeat(struct eio_session *session)
{
    struct eio_server *server = session->server;

    deadline_arm(&session->heartbeat,
                 session->version == 3 ? &server->client_ping_due : &server->ping_due);
}

void eio__session_on_ping_due(struct deadline *deadline, void *arg)
{
    struct eio_session *session = container_of(deadline, struct eio_session, heartbeat);
    struct eio_server *server = arg;

    deadline_arm_next(&session->heartbeat, &server->pong_due);
    eio_session_send(session, server->ping);
}

void eio__session_on_heartbeat_missing(struct deadline *deadline, void *arg)
{
    (void)arg;
    eio_session_close(container_of(deadline, struct eio_session, heartbeat), EIO_PING_TIMEOUT);
}

void eio_session_share_rate(struct eio_session *session, struct span key)
{
    if (session->rate_key == RATE_KEY_NONE)
        session->rate_key = rate_key_of(key);
}

void eio_session_admit(struct eio_session *session)
{
    session->admitted = true;
}

size_t eio__session_max_message(const struct eio_session *session)
{
    size_t max = session->server->options.max_payload;

    return session->admitted || max < EIO_STRANGER_MESSAGE_MAX ? max : EIO_STRANGER_MESSAGE_MAX;
}

bool eio_session_is_open(const struct eio_session *session)
{
    return session->state == SESSION_OPEN;
}

struct public_id eio_session_name(const struct eio_session *session)
{
    return public_id_of(span_of(session->sid));
}

struct ip_text eio_session_peer(const struct eio_session *session)
{
    return ip_prefix_text(&session->peer);
}

unsigned eio_session_version(const struct eio_session *session)
{
    return session->version;
}

void *eio_session_data(const struct eio_session *session)
{
    return session->data;
}

void eio_session_set_data(struct eio_session *session, void *data)
{
    session->data = data;
}
