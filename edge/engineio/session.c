#define LOG_MODULE "engineio"

#include "edge/engineio/session.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/engineio/engineio_internal.h"
#include "edge/http/query.h"
#include "edge/websocket/frame_header.h"

#define CLOSE_AT_ONCE 0 // without a close frame

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

static unsigned close_code(enum eio_close_reason reason)
{
    switch (reason) {
    case EIO_PARSE_ERROR:
        return WS_CLOSE_PROTOCOL;
    case EIO_SHUTTING_DOWN:
        return WS_CLOSE_GOING_AWAY;
    case EIO_RATE_LIMIT:
        return WS_CLOSE_POLICY;
    case EIO_MEMORY_LIMIT:
        return WS_CLOSE_TRY_LATER;
    case EIO_PING_TIMEOUT:
    case EIO_SLOW_CONSUMER:
    case EIO_TRANSPORT_ERROR:
        return CLOSE_AT_ONCE; // there is nobody who would read a goodbye
    default:
        return WS_CLOSE_NORMAL;
    }
}

static bool has_parameter(const struct http_request *request, const char *name, const char *wanted)
{
    struct span value;

    return query_find(request->query, name, &value) && span_is(value, wanted);
}

struct eio_session *session_new(struct eio_server *server, const struct http_request *request)
{
    struct eio_session *session = mem_zalloc(sizeof(*session));
    struct span key = ip_prefix_of(request->peer, session->peer);

    if (key.ptr != (const char *)session->peer)
        memcpy(session->peer, key.ptr, key.len);
    session->peer_len = (uint8_t)key.len;
    session->server = server;
    session->version = has_parameter(request, "EIO", "3") ? 3 : 4;
    session->base64 = has_parameter(request, "b64", "1");
    deadline_init(&session->heartbeat);
    list_init(&session->queued);
    if (server->addresses)
        session->address = key_counter_add(server->addresses, key);
    random_id(session->sid);
    HASH_ADD_KEYPTR(hh, server->by_sid, session->sid, RANDOM_ID_LEN, session);
    return session;
}

void session_free(struct eio_session *session)
{
    HASH_DEL(session->server->by_sid, session);
    if (session->address)
        key_counter_drop(session->server->addresses, session->address);
    deadline_cancel(&session->heartbeat);
    list_unlink(&session->queued);
    outbox_fini(&session->outbox);
    free(session->jsonp);
    free(session);
}

void session_mark_dirty(struct eio_session *session)
{
    if (list_empty(&session->queued))
        list_append(&session->server->dirty, &session->queued);
}

static bool is_filling_up(const struct eio_session *session)
{
    return session->outbox.bytes > session->server->options.max_outbox_bytes / 4;
}

static void leave_crowd(struct eio_session *session)
{
    if (session->crowded)
        session->server->crowd.sessions--;
    session->crowded = false;
}

void session_drop_sent(struct eio_session *session, uint32_t n)
{
    outbox_drop(&session->outbox, n);
    if (!session->crowded || n == 0)
        return;
    session->server->crowd.taken++;
    if (!is_filling_up(session))
        leave_crowd(session);
}

enum queued { QUEUED = 0, NO_ROOM, NO_MEMORY };

// One frame always fits into an empty outbox, and is always paid for.
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
    uint32_t before = session->outbox.count;

    if (session->websocket)
        return websocket_write_some(session);
    if (!session->on_websocket)
        polling_flush(session);
    return session->outbox.count < before;
}

// What does not fit may only not have been written yet: a rush comes in one turn, and flushing
// waits for its end.
static enum queued write_and_queue(struct eio_session *session, struct frame *frame)
{
    enum queued queued;

    do
        queued = queue(session, frame);
    while (queued != QUEUED && write_some(session));
    return queued;
}

void eio_session_send(struct eio_session *session, struct frame *frame)
{
    if (session->state != SESSION_OPEN)
        return;
    for (; frame; frame = frame_next(frame)) {
        enum queued queued = write_and_queue(session, frame);
        if (queued != QUEUED) {
            eio_session_close(session, queued == NO_ROOM ? EIO_SLOW_CONSUMER : EIO_MEMORY_LIMIT);
            return;
        }
    }
    if (!session->crowded && is_filling_up(session)) {
        session->crowded = true;
        session->server->crowd.sessions++;
    }
    session_mark_dirty(session);
}

void eio_session_close(struct eio_session *session, enum eio_close_reason reason)
{
    if (session->state != SESSION_OPEN)
        return;
    session->state = SESSION_ENDING;
    session->reason = reason;
    leave_crowd(session);
    deadline_cancel(&session->heartbeat);
    list_unlink(&session->queued);
    list_append(&session->server->ending, &session->queued);
}

void session_on_heartbeat_due(struct deadline *deadline, void *arg)
{
    struct eio_session *session = container_of(deadline, struct eio_session, heartbeat);
    struct eio_server *server = arg;

    deadline_arm_next(&session->heartbeat, &server->pong_due);
    eio_session_send(session, server->ping);
}

void session_on_pong_missing(struct deadline *deadline, void *arg)
{
    (void)arg;
    eio_session_close(container_of(deadline, struct eio_session, heartbeat), EIO_PING_TIMEOUT);
}

static void on_message(struct eio_session *session, const struct eio_packet *packet)
{
    struct eio_server *server = session->server;

    metric_add(&server->metrics->messages_in, 1);
    metric_add(&server->metrics->bytes_in, packet->data.len);
    server->handlers.on_message(session, packet->kind, packet->data, server->handlers.arg);
}

static void on_refused(struct eio_session *session, const struct eio_packet *packet)
{
    const struct eio_handlers *handlers = &session->server->handlers;

    if (packet->type == EIO_MESSAGE && handlers->on_refused)
        handlers->on_refused(session, packet->kind, packet->data, handlers->arg);
}

static void answer_ping(struct eio_session *session, struct span data)
{
    char *at;
    struct frame *pong = frame_begin(FRAME_TEXT, 1 + data.len, &at);

    at[0] = '0' + EIO_PONG;
    if (data.len > 0)
        memcpy(at + 1, data.ptr, data.len);
    frame_finish(pong, 1 + data.len);
    eio_session_send(session, pong);
    frame_unref(pong);
}

// Revision 3: the client pings and the server answers. Revision 4: the other way round.
static void on_heartbeat(struct eio_session *session, const struct eio_packet *packet)
{
    enum eio_packet_type expected = session->version == 3 ? EIO_PING : EIO_PONG;

    if (packet->type != expected) {
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    session_expect_heartbeat(session);
    if (session->version == 3)
        answer_ping(session, packet->data);
}

void session_expect_heartbeat(struct eio_session *session)
{
    struct eio_server *server = session->server;

    deadline_arm(&session->heartbeat,
                 session->version == 3 ? &server->client_ping_due : &server->ping_due);
}

static void dispatch(struct eio_session *session, const struct eio_packet *packet)
{
    switch (packet->type) {
    case EIO_MESSAGE:
        on_message(session, packet);
        break;
    case EIO_PING:
    case EIO_PONG:
        on_heartbeat(session, packet);
        break;
    case EIO_CLOSE:
        session->said_goodbye = true;
        eio_session_close(session, EIO_TRANSPORT_CLOSE);
        break;
    case EIO_OPEN:
    case EIO_UPGRADE:
    case EIO_NOOP:
        break; // have no meaning here, and the reference server ignores them too
    }
}

void session_on_packet(struct eio_session *session, const struct eio_packet *packet)
{
    if (session->state != SESSION_OPEN)
        return;
    if (packet->data.len > session_max_message(session) || session_packet_is_overweight(packet)) {
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    switch (session_check_rate(session, packet)) {
    case RATE_OK:
        dispatch(session, packet);
        break;
    case RATE_REFUSED:
        on_refused(session, packet);
        break;
    case RATE_EXCEEDED:
        break; // it was closed
    }
}

void session_flush(struct eio_session *session)
{
    if (session->websocket)
        websocket_flush(session);
    else if (!session->on_websocket)
        polling_flush(session);
}

// The client's own goodbye is answered with a noop, any other end with a close packet.
static const char *last_packet(const struct eio_session *session)
{
    return session->said_goodbye ? "6" : "1";
}

// Official clients act on an event a moment after they read it, but on a goodbye at once: what
// stands before a goodbye in one payload would be lost.
static bool has_last_words(const struct eio_session *session)
{
    return !session->on_websocket && session->outbox.count > 0 &&
           (session->reason == EIO_FORCED_CLOSE || session->reason == EIO_SHUTTING_DOWN);
}

static void end_transport(struct eio_session *session)
{
    if (session->probe)
        websocket_close(session->probe, WS_CLOSE_NORMAL);
    if (session->websocket) {
        websocket_flush(session);
        websocket_close(session->websocket, close_code(session->reason));
    }
    if (!session->poll)
        return;
    if (has_last_words(session))
        polling_flush(session); // and the goodbye to the next poll
    else
        polling_release(session, last_packet(session));
}

void session_end(struct eio_session *session)
{
    struct eio_server *server = session->server;

    log_debug("session closed session=%s reason=\"%s\"", eio_session_name(session).text,
              eio_close_reason_str(session->reason));
    metric_add(&server->metrics->closed[session->reason], 1);
    metric_sub(&server->metrics->sessions, 1);
    if (session->on_websocket)
        metric_sub(&server->metrics->sessions_websocket, 1);
    server->open_count--;
    bool lingers = has_last_words(session);
    end_transport(session);
    server->handlers.on_close(session, session->reason, server->handlers.arg);
    if (lingers) {
        session->state = SESSION_LINGERING;
        deadline_arm(&session->heartbeat, &server->linger_due);
    } else {
        session_free(session);
    }
}

void session_on_linger_over(struct deadline *deadline, void *arg)
{
    (void)arg;
    session_free(container_of(deadline, struct eio_session, heartbeat));
}

void eio_session_admit(struct eio_session *session)
{
    session->admitted = true;
}

size_t session_max_message(const struct eio_session *session)
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
    return ip_prefix_text((struct span){(const char *)session->peer, session->peer_len});
}

unsigned eio_session_version(const struct eio_session *session)
{
    return session->version;
}

bool eio_session_on_websocket(const struct eio_session *session)
{
    return session->on_websocket;
}

void *eio_session_data(const struct eio_session *session)
{
    return session->data;
}

void eio_session_set_data(struct eio_session *session, void *data)
{
    session->data = data;
}
