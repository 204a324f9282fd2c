#include "edge/engineio/websocket.h"

#include <assert.h>

#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/packet.h"
#include "edge/engineio/polling.h"
#include "edge/engineio/receive.h"
#include "edge/websocket/frame_header.h"

#define PROBE_ANSWERS_MAX 4 // for one WebSocket; official clients send "2probe" once

// True if this client's WebSocket needs another form of the frame than all others: revision 3 wants
// a type before the bytes, a client without binary support wants base64.
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

// The socket took only a part of the frame. Nothing may be written until its rest has gone.
static void hold_rest(struct eio_websocket *websocket, struct frame *frame, struct span rest)
{
    if (rest.len == 0)
        return;
    assert(!websocket->cut);
    frame_charge_anyway(frame, websocket->server->options.memory);
    websocket->cut = frame_ref(frame);
    websocket->rest = rest;
}

static void drop_rest(struct eio_websocket *websocket)
{
    frame_unref(websocket->cut);
    websocket->cut = NULL;
    websocket->rest = (struct span){NULL, 0};
}

void eio_websocket_write_rest(struct eio_websocket *websocket)
{
    if (!websocket->cut)
        return;
    size_t taken = websocket->ops->write(websocket, &websocket->rest, 1);
    metric_add(&websocket->server->metrics->bytes_out, taken);
    websocket->rest = span_skip(websocket->rest, taken);
    if (websocket->rest.len == 0)
        drop_rest(websocket);
}

// Writes a frame that is in no outbox. What the socket does not take is held.
static size_t write_alone(struct eio_websocket *websocket, struct frame *frame)
{
    struct span wire = frame_wire(frame);
    size_t taken = websocket->ops->write(websocket, &wire, 1);

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
    eio__flush_slice_add(&server->slice, bytes);
}

static void write_in_own_form(struct eio_session *session)
{
    struct frame *frame =
        eio_packet_reframe(session->version, session->base64, outbox_at(&session->outbox, 0));

    count_write(session, 1, write_alone(session->websocket, frame));
    eio__session_drop_sent(session, 1);
    frame_unref(frame);
}

// The socket took only `taken` bytes of the first `n` frames. Holds the rest of the frame that was
// cut. Returns how many frames leave the outbox.
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

// One system call for the first `n` frames of the outbox. Members of a busy room all have the same
// frames waiting, so write_batch often has their pieces from the session before. What the socket
// does not take stays in the outbox, except for the frame that it took a part of: its rest goes
// ahead of everything else, whatever becomes of the session. That frame is counted now, its bytes
// as they go.
static void write_frames(struct eio_session *session, uint32_t n)
{
    struct eio_server *server = session->server;
    struct eio_websocket *websocket = session->websocket;
    struct write_batch *batch = websocket->compresses ? &server->compressed : &server->plain;

    write_batch_fill(batch, &session->outbox, n);
    size_t taken = websocket->ops->write(websocket, batch->pieces, batch->piece_count);
    if (taken < batch->size && (n = settle_short_write(session, batch, n, taken)) == 0) {
        eio__flush_slice_add(&server->slice, 0); // the socket took nothing
        return;
    }
    if (websocket->compresses)
        metric_add(&server->metrics->bytes_saved,
                   plain_bytes(&session->outbox, n) - taken - websocket->rest.len);
    count_write(session, n, taken);
    eio__session_drop_sent(session, n);
}

// Writes once: the rest of a cut frame if there is one, as nothing may come before it; otherwise as
// many frames as may go together, or the first one alone if it needs a form of its own.
bool eio__websocket_write_some(struct eio_session *session)
{
    struct eio_websocket *websocket = session->websocket;

    if (!websocket)
        return false; // it is gone, and the session is about to end
    if (!websocket->ops->can_write(websocket)) {
        websocket->ops->want_writable(websocket);
        return false;
    }
    if (websocket->cut) {
        size_t before = websocket->rest.len;
        eio_websocket_write_rest(websocket);
        eio__flush_slice_add(&session->server->slice, before - websocket->rest.len);
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

void eio__websocket_flush(struct eio_session *session)
{
    while (has_something(session)) {
        if (eio__flush_slice_is_spent(&session->server->slice)) {
            eio__session_mark_dirty(session); // the rest in the next turn
            return;
        }
        if (!eio__websocket_write_some(session))
            return;
    }
}

// Separates the WebSocket from its session. Returns the session; NULL if it had none.
static struct eio_session *detach(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    deadline_cancel(&websocket->deadline);
    websocket->session = NULL;
    if (session && session->websocket == websocket)
        session->websocket = NULL;
    if (session && session->probe == websocket)
        session->probe = NULL;
    if (session)
        session->probe_answered = false;
    return session;
}

void eio__websocket_close(struct eio_websocket *websocket, unsigned code)
{
    detach(websocket);
    websocket->ops->close(websocket, code);
}

static void abandon_upgrade(struct eio_websocket *websocket)
{
    metric_add(&websocket->server->metrics->upgrades_failed, 1);
    eio__websocket_close(websocket, WS_CLOSE_NORMAL);
}

void eio__websocket_on_upgrade_late(struct deadline *deadline, void *arg)
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

// The client sent "5": the WebSocket is the transport from now on. Frames that wait are in the same
// outbox as before, so their order is kept.
static void finish_upgrade(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    deadline_cancel(&websocket->deadline);
    websocket->probing = false;
    session->probe = NULL;
    if (session->poll) // the client should have ended it before "5"; nothing else answers it now
        eio__polling_release(session, "6");
    become_transport(websocket);
    metric_add(&websocket->server->metrics->upgrades, 1);
    eio__session_mark_dirty(session);
}

static void answer_probe(struct eio_websocket *websocket)
{
    struct eio_session *session = websocket->session;

    websocket->answers++;
    session->probe_answered = true;
    metric_add(&websocket->server->metrics->bytes_out,
               write_alone(websocket, websocket->server->probe_pong));
    if (session->poll) // ends it, so that the client can send "5"
        eio__polling_release(session, "6");
}

static bool is_probe(struct eio_websocket *websocket, const struct eio_packet *packet)
{
    return packet->type == EIO_PING && span_is(packet->data, "probe") &&
           websocket->answers < PROBE_ANSWERS_MAX && websocket->ops->can_write(websocket);
}

// Only "2probe" and "5" may come before the WebSocket is the transport.
static void on_probe_packet(struct eio_websocket *websocket, const struct eio_packet *packet)
{
    if (eio__packet_is_oversized(packet))
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
    return websocket->session ? eio__session_max_message(websocket->session)
                              : EIO_STRANGER_MESSAGE_MAX;
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
        return; // it is closing
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
        eio__receive(websocket->session, &packet);
}

// A probe, or a WebSocket without a session, has nothing to send but the rest of a cut frame.
void eio_websocket_on_writable(struct eio_websocket *websocket)
{
    if (websocket->session && !websocket->probing)
        eio__session_mark_dirty(websocket->session);
    else
        eio_websocket_write_rest(websocket);
}

void eio_websocket_on_closed(struct eio_websocket *websocket)
{
    bool was_probe = websocket->probing;
    struct eio_session *session = detach(websocket);

    if (!session)
        return;
    if (was_probe)
        metric_add(&websocket->server->metrics->upgrades_failed, 1);
    else
        eio_session_close(session, EIO_TRANSPORT_CLOSE);
}

void eio_websocket_fini(struct eio_websocket *websocket)
{
    drop_rest(websocket);
}

// False if the session cannot upgrade: it is ending, is on a WebSocket, or has a probe already.
static bool open_probe(struct eio_websocket *websocket, struct eio_session *session)
{
    if (session->state != SESSION_OPEN || session->on_websocket || session->probe) {
        metric_add(&websocket->server->metrics->upgrades_failed, 1);
        return false;
    }
    begin_probe(websocket, session);
    return true;
}

bool eio_websocket_open(struct eio_websocket *websocket, const struct eio_websocket_ops *ops,
                        const struct eio_admission *admission, const struct http_request *request,
                        bool compresses)
{
    struct eio_server *server = admission->server;

    *websocket = (struct eio_websocket){.ops = ops, .server = server, .compresses = compresses};
    deadline_init(&websocket->deadline);
    if (compresses)
        metric_add(&server->metrics->websockets_compressed, 1);
    if (admission->session)
        return open_probe(websocket, admission->session);

    websocket->session = eio__session_new(server, &admission->opening);
    metric_add(&server->metrics->handshakes_websocket, 1);
    become_transport(websocket);
    eio__open(websocket->session, request);
    return true;
}
