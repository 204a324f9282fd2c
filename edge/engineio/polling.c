// Long-polling: one GET at a time waits for something to say, POSTs bring what the client says.
#include "edge/engineio/internals.h"

static const char *const no_store[] = {"Cache-Control", "no-store", NULL};

static void reply_payload(struct http_exchange *exchange, struct span payload)
{
    http_exchange_reply(exchange, &(struct http_reply){
                                      .status = 200,
                                      .content_type = "text/plain; charset=UTF-8",
                                      .body = payload,
                                      .headers = no_store,
                                  });
}

static void reply_status(struct http_exchange *exchange, unsigned status)
{
    http_exchange_reply(exchange, &(struct http_reply){.status = status, .headers = no_store});
}

static struct http_exchange *take_poll(struct eio_session *session)
{
    struct http_exchange *poll = session->poll;

    session->poll = NULL;
    return poll;
}

static void answer_poll(struct eio_session *session, const char *last_packet)
{
    struct eio_server *server = session->server;

    buffer_clear(&server->scratch);
    eio4_payload_encode(&session->outbox, &server->scratch);
    if (last_packet) {
        if (session->outbox.count > 0)
            buffer_append_char(&server->scratch, EIO4_SEPARATOR);
        buffer_append(&server->scratch, span_of(last_packet));
    }
    metric_add(&server->metrics->writes, 1);
    metric_add(&server->metrics->frames_out, session->outbox.count);
    metric_add(&server->metrics->bytes_out, server->scratch.len);
    outbox_drop(&session->outbox, session->outbox.count);
    reply_payload(take_poll(session), buffer_span(&server->scratch));
}

void polling_flush(struct eio_session *session)
{
    if (session->poll && session->outbox.count > 0)
        answer_poll(session, NULL);
}

void polling_release(struct eio_session *session, const char *last_packet)
{
    answer_poll(session, last_packet);
}

static void on_poll_aborted(void *holder)
{
    struct eio_session *session = holder;

    session->poll = NULL;
    eio_session_close(session, EIO_TRANSPORT_CLOSE);
}

void polling_hold(struct eio_session *session, struct http_exchange *exchange)
{
    session->poll = exchange;
    exchange->on_abort = on_poll_aborted;
    exchange->holder = session;
}

static void on_get(struct eio_session *session, struct http_exchange *exchange)
{
    if (session->poll) { // a client polls once at a time; this one lost count
        reply_status(exchange, 400);
        eio_session_close(session, EIO_PARSE_ERROR);
        return;
    }
    polling_hold(session, exchange);
    if (session->state == SESSION_LINGERING) {
        polling_release(session, "1");
        session_free(session);
    } else if (session->probe && session->probe->answered) {
        polling_release(session, "6"); // lets the client's polling come to an end
    } else {
        polling_flush(session);
    }
}

static bool take_payload(struct eio_session *session, struct span body)
{
    struct eio_packet packet;
    struct span record;

    while (span_take_until(&body, EIO4_SEPARATOR, &record)) {
        if (!eio4_packet_decode(record, &session->server->scratch, &packet))
            return false;
        session_on_packet(session, &packet);
    }
    return true;
}

static void on_post(struct eio_session *session, struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    struct span type = http_request_header(request, "Content-Type");

    if (span_eq_nocase(type, SPAN_LIT("application/octet-stream"))) { // Engine.IO 3 only
        reply_status(exchange, 400);
        eio_session_close(session, EIO_PARSE_ERROR);
    } else if (!take_payload(session, request->body)) {
        reply_status(exchange, 400);
        eio_session_close(session, EIO_PARSE_ERROR);
    } else {
        http_exchange_reply(exchange, &(struct http_reply){.status = 200,
                                                           .content_type = "text/html",
                                                           .body = SPAN_LIT("ok"),
                                                           .headers = no_store});
    }
}

void polling_on_request(struct eio_session *session, struct http_exchange *exchange)
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
