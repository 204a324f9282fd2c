#include "edge/engineio/polling.h"

#include <stdlib.h>

#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/payload.h"
#include "edge/engineio/receive.h"
#include "edge/engineio/session.h"
#include "edge/http/query.h"

#define ANSWER_KEPT ((size_t)1024 * 1024) // a larger buffer is freed after its reply

static const char *const no_store[] = {"Cache-Control", "no-store", NULL};

static void reply_status(struct http_exchange *exchange, unsigned status)
{
    http_exchange_reply(exchange, &(struct http_reply){.status = status, .headers = no_store});
}

static enum eio_payload_form form_of(const struct eio_session *session)
{
    return session->version == 4 ? PAYLOAD_V4 : PAYLOAD_V3_TEXT;
}

// True if one of the frames that fit into the next payload is binary.
static bool holds_binary(const struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->count && i < EIO_PAYLOAD_PACKETS_MAX; i++)
        if (frame_kind_of(outbox_at(outbox, i)) == FRAME_BINARY)
            return true;
    return false;
}

// Revision 3 sends a binary payload if a frame is binary and the client takes binary replies.
static enum eio_payload_form reply_form(const struct eio_session *session)
{
    if (session->version == 3 && !session->base64 && !session->jsonp &&
        holds_binary(&session->outbox))
        return PAYLOAD_V3_BINARY;
    return form_of(session);
}

static void clear_poll(struct eio_session *session)
{
    session->poll = NULL;
    free(session->jsonp);
    session->jsonp = NULL;
}

static void reply_payload(struct eio_session *session, enum eio_payload_form form,
                          struct span payload)
{
    struct http_exchange *poll = session->poll;
    const char *type =
        form == PAYLOAD_V3_BINARY ? "application/octet-stream" : "text/plain; charset=UTF-8";
    struct buffer script = {0};

    if (session->jsonp) {
        type = "text/javascript; charset=UTF-8";
        eio_jsonp_wrap(span_of(session->jsonp), payload, &script);
        payload = buffer_span(&script);
    }
    clear_poll(session);
    http_exchange_reply(
        poll, &(struct http_reply){
                  .status = 200, .content_type = type, .body = payload, .headers = no_store});
    buffer_fini(&script);
}

// Answers the waiting GET. A payload is limited, so frames may be left in the outbox: they wait for
// the next GET, which follows at once.
static void answer_poll(struct eio_session *session, const char *last_packet)
{
    struct eio_server *server = session->server;
    enum eio_payload_form form = reply_form(session);

    buffer_clear(&server->answer);
    uint32_t frames = eio_payload_encode(form, &session->outbox, last_packet, &server->answer);
    histogram_observe(&server->metrics->frames_per_write, frames + (last_packet ? 1 : 0), 1);
    metric_add(&server->metrics->bytes_out, server->answer.len);
    eio__flush_slice_add(&server->slice, server->answer.len);
    eio__session_drop_sent(session, frames);
    reply_payload(session, form, buffer_span(&server->answer));
    if (server->answer.cap > ANSWER_KEPT)
        buffer_fini(&server->answer);
}

void eio__polling_flush(struct eio_session *session)
{
    if (session->poll && session->outbox.count > 0)
        answer_poll(session, NULL);
}

void eio__polling_release(struct eio_session *session, const char *last_packet)
{
    answer_poll(session, last_packet);
}

static void on_poll_aborted(void *holder)
{
    struct eio_session *session = holder;

    clear_poll(session);
    eio_session_close(session, EIO_TRANSPORT_CLOSE);
}

void eio__polling_hold(struct eio_session *session, struct http_exchange *exchange)
{
    struct span j;

    session->poll = exchange;
    if (query_find(exchange->request->query, "j", &j))
        session->jsonp = span_dup(j);
    exchange->on_abort = on_poll_aborted;
    exchange->holder = session;
}

bool eio__polling_write_some(struct eio_session *session)
{
    uint32_t before = session->outbox.count;

    eio__polling_flush(session);
    return session->outbox.count < before;
}

// A poll on a LINGERING session collects what was left when the session ended: first the frames,
// and with the next poll the close packet. During an upgrade the client must stop polling before it
// sends "5", so its poll gets a noop at once.
static void on_get(struct eio_session *session, struct http_exchange *exchange)
{
    if (session->poll) { // Engine.IO: one GET at a time
        reply_status(exchange, 400);
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    eio__polling_hold(session, exchange);
    if (session->state == SESSION_LINGERING && session->outbox.count > 0) {
        eio__polling_flush(session);
    } else if (session->state == SESSION_LINGERING) {
        eio__polling_release(session, "1");
        eio__session_free(session);
    } else if (session->probe && session->probe_answered) {
        eio__polling_release(session, "6");
    } else {
        eio__polling_flush(session);
    }
}

// The packets before the one that is too many have been handled, like those before a malformed one.
static bool is_too_many(struct eio_server *server, size_t packets)
{
    size_t max = server->options.max_packets_per_payload;

    if (max == 0 || packets <= max)
        return false;
    metric_add(&server->metrics->payloads_too_long, 1);
    return true;
}

static bool take_packets(struct eio_session *session, enum eio_payload_form form,
                         struct span payload)
{
    struct eio_packet packet;
    size_t packets = 0;

    if (form == PAYLOAD_V4 && payload.len == 0)
        return false; // a payload of revision 4 has at least one packet
    for (;;) {
        switch (eio_payload_take(form, &payload, &session->server->scratch, &packet)) {
        case PAYLOAD_PACKET:
            if (is_too_many(session->server, ++packets))
                return false;
            eio__receive(session, &packet);
            break;
        case PAYLOAD_END:
            return true;
        case PAYLOAD_MALFORMED:
            return false;
        }
    }
}

static bool is_binary(const struct http_request *request)
{
    struct span type = http_request_header(request, "Content-Type");

    return span_eq_nocase(type, SPAN_LIT("application/octet-stream"));
}

static bool take_jsonp(struct eio_session *session, struct span body)
{
    struct buffer payload = {0};
    bool ok = eio_jsonp_unwrap(body, &payload) &&
              take_packets(session, form_of(session), buffer_span(&payload));

    buffer_fini(&payload);
    return ok;
}

static bool take_body(struct eio_session *session, const struct http_request *request)
{
    struct span j;

    if (query_find(request->query, "j", &j))
        return take_jsonp(session, request->body);
    if (!is_binary(request))
        return take_packets(session, form_of(session), request->body);
    return session->version == 3 && take_packets(session, PAYLOAD_V3_BINARY, request->body);
}

static void on_post(struct eio_session *session, struct http_exchange *exchange)
{
    if (take_body(session, exchange->request)) {
        http_exchange_reply(exchange, &(struct http_reply){.status = 200,
                                                           .content_type = "text/html",
                                                           .body = SPAN_LIT("ok"),
                                                           .headers = no_store});
    } else {
        reply_status(exchange, 400);
        eio_session_close(session, EIO_PARSE_ERROR);
    }
}

void eio__polling_on_request(struct eio_session *session, struct http_exchange *exchange)
{
    switch (exchange->request->method) {
    case HTTP_GET:
        on_get(session, exchange);
        break;
    case HTTP_POST:
        on_post(session, exchange);
        break;
    default:
        reply_status(exchange, 500); // as the reference server does
    }
}
