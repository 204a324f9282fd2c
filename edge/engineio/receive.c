#include "edge/engineio/receive.h"

#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/session.h"

#define BARE_PACKET_MAX 128 // bytes of data in a packet that is no message

bool eio__packet_is_oversized(const struct eio_packet *packet)
{
    return packet->type != EIO_MESSAGE && packet->data.len > BARE_PACKET_MAX;
}

static struct rate_load load_of(const struct eio_packet *packet)
{
    bool is_message = packet->type == EIO_MESSAGE;

    return (struct rate_load){
        // A binary message is an attachment of a text message, which was counted.
        .packets = is_message && packet->kind == FRAME_BINARY ? 0 : 1,
        .bytes = packet->data.len,
        .wants_answer = is_message || packet->type == EIO_PING,
    };
}

// Counts the packet against the session's own rate, and a message also against the rate that all
// sessions of its key share. Closes a client that goes on sending above its rate.
//
// Packets of all types count, because each costs work; only the close packet is free. Bytes are
// counted after base64 and decompression, because that is what the process has to handle.
static enum rate_verdict check_rate(struct eio_session *session, const struct eio_packet *packet)
{
    struct eio_server *server = session->server;
    uint64_t now_ms = deadlines_now(server->clock);
    struct rate_load load = load_of(packet);

    if (packet->type == EIO_CLOSE)
        return RATE_OK;
    enum rate_verdict verdict =
        rate_check(&session->rate, session->admitted ? &server->rates : &server->stranger_rates,
                   &load, now_ms);

    if (verdict == RATE_OK && packet->type == EIO_MESSAGE && load.packets > 0 &&
        !rate_share_take(&server->shares, session->rate_key, now_ms))
        verdict = rate_refuse(&session->rate, &load, now_ms);
    if (verdict == RATE_OK)
        return RATE_OK;
    metric_add(&server->metrics->rate_refused, 1);
    if (verdict == RATE_EXCEEDED)
        eio_session_close(session, EIO_RATE_LIMIT);
    return verdict;
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

// Revision 3: the client pings and the server answers. Revision 4: the server pings and the client
// answers. A packet of the wrong one of these two types breaks the protocol.
static void on_heartbeat(struct eio_session *session, const struct eio_packet *packet)
{
    enum eio_packet_type expected = session->version == 3 ? EIO_PING : EIO_PONG;

    if (packet->type != expected) {
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    eio__session_expect_heartbeat(session);
    if (session->version == 3)
        answer_ping(session, packet->data);
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
        session->client_closed = true;
        eio_session_close(session, EIO_TRANSPORT_CLOSE);
        break;
    case EIO_OPEN:
    case EIO_UPGRADE:
    case EIO_NOOP:
        break; // have no meaning here, and the reference server ignores them too
    }
}

void eio__receive(struct eio_session *session, const struct eio_packet *packet)
{
    if (session->state != SESSION_OPEN)
        return;
    if (packet->data.len > eio__session_max_message(session) || eio__packet_is_oversized(packet)) {
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    switch (check_rate(session, packet)) {
    case RATE_OK:
        dispatch(session, packet);
        break;
    case RATE_REFUSED:
        on_refused(session, packet);
        break;
    case RATE_EXCEEDED:
        break; // check_rate() closed it
    }
}
