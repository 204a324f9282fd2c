#include "edge/engineio/websocket.h"

#include <assert.h>

#include "edge/engineio/engineio_internal.h"
#include "edge/websocket/frame_header.h"

#define PROBE_ANSWERS_MAX 4 // clients ask once

// Whether this client's WebSocket takes the frame in another form than all others.
static bool needs_own_form(const struct eio_session *session, const struct frame *frame)
{
    return frame_kind_of(frame) == FRAME_BINARY && (session->version == 3 || session->base64);
}

// How many frames from the start of the outbox go into one write.
static uint32_t frames_of_one_write(const struct eio_session *session)
{
    const struct outbox *outbox = &session->outbox;
    size_t bytes = 0;
    uint32_t n = 0;

    while (n < outbox->count && n < WRITE_BATCH_MAX_FRAMES) {
        if (needs_own_form(session, outbox_at(outbox, n)))
            break;
        bytes += frame_wire(outbox_at(outbox, n)).len;
        if (n > 0 && bytes > WRITE_BATCH_MAX_BYTES)
            break;
        n++;
    }
    return n;
}

// The socket took only a part of the frame. Behind it nothing goes until its rest has gone.
static void hold_rest(struct eio_websocket *websocket, struct frame *frame, struct span rest)
{
    if (rest.len == 0)
        return;
    assert(!websocket->cut);
    frame_charge_anyway(frame, websocket->server->options.memory);
    websocket->cut = frame_ref(frame);
    websocket->rest = rest;
}

static void forget_rest(struct eio_websocket *websocket)
{
    frame_unref(websocket->cut);
    websocket->cut = NULL;
    websocket->rest = (struct span){NULL, 0};
}

void eio_websocket_write_rest(struct eio_websocket *websocket)
{
    if (!websocket->cut)
        return;
    size_t taken = websocket->ops->write(websocket, websocket->rest);
    websocket->rest = span_skip(websocket->rest, taken);
    if (websocket->rest.len == 0)
        forget_rest(websocket);
}

// A frame that stands in no outbox; what the socket does not take is held.
static size_t write_alone(struct eio_websocket *websocket, struct frame *frame)
{
    struct span wire = frame_wire(frame);
    size_t taken = websocket->ops->write(websocket, wire);

    hold_rest(websocket, frame, span_skip(wire, taken));
    return taken;
}

static size_t plain_bytes(const struct outbox *outbox, uint32_t n)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < n; i++)
        bytes += frame_wire(outbox_at(outbox, i)).len;
    return bytes;
}

static void count_write(struct eio_session *session, uint32_t frames, size_t bytes)
{
    struct eio_server *server = session->server;

    histogram_observe(&server->metrics->frames_per_write, frames, 1);
    metric_add(&server->metrics->bytes_out, bytes);
    server_note_work(server, bytes);
}

static void write_in_own_form(struct eio_session *session)
{
    struct frame *frame =
        eio_packet_reframe(session->version, session->base64, outbox_at(&session->outbox, 0));

    count_write(session, 1, write_alone(session->websocket, frame));
    session_drop_sent(session, 1);
    frame_unref(frame);
}

// Of the first `n` frames the socket took only so many bytes: those that it took whole go, of the
// next one the rest is held.
static uint32_t settle_short_write(struct eio_session *session, const struct write_batch *batch,
                                   uint32_t n, size_t taken)
{
    uint32_t whole = 0;

    for (; whole < n; whole++) {
        struct frame *frame = outbox_at(&session->outbox, whole);
        struct span wire = write_batch_frame(batch, frame);
        if (taken < wire.len) {
            if (taken > 0)
                hold_rest(session->websocket, frame, span_skip(wire, taken));
            break;
        }
        taken -= wire.len;
    }
    return taken > 0 ? whole + 1 : whole;
}

static void write_frames(struct eio_session *session, uint32_t n)
{
    struct eio_server *server = session->server;
    struct eio_websocket *websocket = session->websocket;
    struct write_batch *batch = websocket->compresses ? &server->compressed : &server->plain;
    struct span bytes = write_batch_bytes(batch, &session->outbox, n);
    size_t taken = websocket->ops->write(websocket, bytes);

    if (websocket->compresses)
        metric_add(&server->metrics->bytes_saved, plain_bytes(&session->outbox, n) - bytes.len);
    if (taken < bytes.len)
        n = settle_short_write(session, batch, n, taken);
    count_write(session, n, taken);
    session_drop_sent(session, n);
}

bool websocket_write_some(struct eio_session *session)
{
    struct eio_websocket *websocket = session->websocket;

    if (!websocket->ops->can_write(websocket)) {
        websocket->ops->want_writable(websocket);
        return false;
    }
    if (websocket->cut) {
        size_t before = websocket->rest.len;
        eio_websocket_write_rest(websocket);
        server_note_work(session->server, before - websocket->rest.len);
        return true;
    }
    uint32_t n = frames_of_one_write(session);
    if (n > 0)
        write_frames(session, n);
    else
        write_in_own_form(session);
    return true;
}

static bool has_something(const struct eio_session *session)
{
    return session->websocket && (session->outbox.count > 0 || session->websocket->cut);
}

void websocket_flush(struct eio_session *session)
{
    while (has_something(session)) {
        if (server_has_worked_enough(session->server)) {
            session_mark_dirty(session); // the rest in the next turn
            return;
        }
        if (!websocket_write_some(session))
            return;
    }
}

// After this the session knows nothing of the WebSocket, and the WebSocket has no session.
static struct eio_session *part(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    deadline_cancel(&websocket->deadline);
    websocket->session = NULL;
    if (session && session->websocket == websocket)
        session->websocket = NULL;
    if (session && session->probe == websocket)
        session->probe = NULL;
    return session;
}

void websocket_close(struct eio_websocket *websocket, unsigned code)
{
    part(websocket);
    websocket->ops->close(websocket, code);
}

static void abandon_upgrade(struct eio_websocket *websocket)
{
    metric_add(&websocket->server->metrics->upgrades_failed, 1);
    websocket_close(websocket, WS_CLOSE_NORMAL);
}

void websocket_on_upgrade_late(struct deadline *deadline, void *arg)
{
    (void)arg;
    abandon_upgrade(container_of(deadline, struct eio_websocket, deadline));
}

static void become_transport(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    session->websocket = websocket;
    session->on_websocket = true;
    metric_add(&websocket->server->metrics->sessions_websocket, 1);
}

static void begin_probe(struct eio_websocket *websocket, struct eio_session *session)
{
    websocket->session = session;
    websocket->probing = true;
    session->probe = websocket;
    deadline_arm(&websocket->deadline, &websocket->server->upgrade_due);
}

static void finish_upgrade(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    deadline_cancel(&websocket->deadline);
    websocket->probing = false;
    session->probe = NULL;
    if (session->poll) // the client should have let it end; its answer would be lost
        polling_release(session, "6");
    become_transport(websocket);
    metric_add(&websocket->server->metrics->upgrades, 1);
    session_mark_dirty(session);
}

static void answer_probe(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    websocket->answers++;
    (void)write_alone(websocket, websocket->server->probe_pong);
    if (session->poll)
        polling_release(session, "6");
}

static bool is_probe(struct eio_websocket *websocket, const struct eio_packet *packet)
{
    return packet->type == EIO_PING && span_is(packet->data, "probe") &&
           websocket->answers < PROBE_ANSWERS_MAX && websocket->ops->can_write(websocket);
}

// Only "2probe" and "5" may come before the WebSocket is the transport.
static void on_probe_packet(struct eio_websocket *websocket, const struct eio_packet *packet)
{
    if (session_packet_is_overweight(packet))
        abandon_upgrade(websocket);
    else if (is_probe(websocket, packet))
        answer_probe(websocket);
    else if (packet->type == EIO_UPGRADE && eio_session_is_open(websocket->session))
        finish_upgrade(websocket);
    else
        abandon_upgrade(websocket);
}

size_t eio_websocket_max_message(const struct eio_websocket *websocket)
{
    return websocket->session ? session_max_message(websocket->session) : EIO_STRANGER_MESSAGE_MAX;
}

bool eio_websocket_is_admitted(const struct eio_websocket *websocket)
{
    return websocket->session && websocket->session->admitted;
}

void eio_websocket_on_message(struct eio_websocket *websocket, enum frame_kind kind,
                              struct span bytes)
{
    struct eio_packet packet;

    if (!websocket->session)
        return; // closing already
    if (!eio_packet_decode(websocket->session->version, kind, bytes, &websocket->server->scratch,
                           &packet)) {
        if (websocket->probing)
            abandon_upgrade(websocket);
        else
            eio_session_close(websocket->session, EIO_PARSE_ERROR);
        return;
    }
    if (websocket->probing)
        on_probe_packet(websocket, &packet);
    else
        session_on_packet(websocket->session, &packet);
}

void eio_websocket_on_writable(struct eio_websocket *websocket)
{
    if (websocket->session && !websocket->probing)
        session_mark_dirty(websocket->session);
    else
        eio_websocket_write_rest(websocket);
}

void eio_websocket_on_closed(struct eio_websocket *websocket)
{
    bool was_probe = websocket->probing;
    struct eio_session *session = part(websocket);

    if (!session)
        return;
    if (was_probe)
        metric_add(&websocket->server->metrics->upgrades_failed, 1);
    else
        eio_session_close(session, EIO_TRANSPORT_CLOSE);
}

void eio_websocket_fini(struct eio_websocket *websocket)
{
    forget_rest(websocket);
}

static bool open_probe(struct eio_websocket *websocket, struct eio_session *session)
{
    if (session->state != SESSION_OPEN || session->on_websocket || session->probe) {
        metric_add(&websocket->server->metrics->upgrades_failed, 1);
        return false;
    }
    begin_probe(websocket, session);
    return true;
}

bool eio_websocket_open(struct eio_websocket *websocket, struct eio_server *server,
                        const struct eio_websocket_ops *ops, const struct http_request *request,
                        bool compresses)
{
    struct eio_session *session;
    struct eio_refusal refusal;

    *websocket = (struct eio_websocket){.ops = ops, .server = server, .compresses = compresses};
    deadline_init(&websocket->deadline);
    if (!server_verify(server, request, true, &session, &refusal))
        return false; // it was admitted a moment ago, but its session has ended since
    if (compresses)
        metric_add(&server->metrics->websockets_compressed, 1);
    if (session)
        return open_probe(websocket, session);

    websocket->session = session_new(server, request);
    metric_add(&server->metrics->handshakes_websocket, 1);
    become_transport(websocket);
    server_open_session(websocket->session, request);
    return true;
}
