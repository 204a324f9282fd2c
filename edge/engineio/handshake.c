#include "edge/engineio/handshake.h"

#include <stdio.h>

#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/polling.h"
#include "edge/http/query.h"
#include "edge/http/request_head.h"

enum refusal_code {
    UNKNOWN_TRANSPORT = 0,
    UNKNOWN_SID,
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNSUPPORTED_VERSION,
    NO_CODE = -1,
};

static bool refuse(struct eio_server *server, struct eio_refusal *refusal, enum refusal_code code)
{
    static const char *const messages[] = {
        [UNKNOWN_TRANSPORT] = "Transport unknown",
        [UNKNOWN_SID] = "Session ID unknown",
        [BAD_HANDSHAKE_METHOD] = "Bad handshake method",
        [BAD_REQUEST] = "Bad request",
        [FORBIDDEN] = "Forbidden",
        [UNSUPPORTED_VERSION] = "Unsupported protocol version",
    };

    metric_add(&server->metrics->refused[code], 1);
    *refusal = (struct eio_refusal){code == FORBIDDEN ? 403 : 400, code, messages[code]};
    return false;
}

static bool refuse_without_code(struct eio_refusal *refusal, unsigned status, metric *counter,
                                const char *message)
{
    metric_add(counter, 1);
    *refusal = (struct eio_refusal){status, NO_CODE, message};
    return false;
}

// The limits are checked last: they apply only to handshakes that are valid otherwise.
static bool has_room(struct eio_server *server, const struct ip_prefix *peer,
                     struct eio_refusal *refusal)
{
    const struct eio_options *options = &server->options;
    struct eio_metrics *metrics = server->metrics;

    if (server->refuses_new)
        return refuse_without_code(refusal, 503, &metrics->refused_draining,
                                   "Server is shutting down");
    if (memory_budget_is_spent(options->memory, MEMORY_HANDSHAKES))
        return refuse_without_code(refusal, 503, &metrics->refused_memory, "Too little memory");
    if (options->max_sessions > 0 && server->open_count >= options->max_sessions)
        return refuse_without_code(refusal, 503, &metrics->refused_full, "Too many connections");
    if (server->addresses &&
        key_counter_of(server->addresses, ip_prefix_key(peer)) >= options->max_sessions_per_address)
        return refuse_without_code(refusal, 429, &metrics->refused_address,
                                   "Too many connections from this address");
    return true;
}

// The revision that the query names with EIO=. 0 if it is unknown, or 3 and not allowed.
static uint8_t version_of(const struct eio_server *server, struct span query)
{
    struct span version;

    if (!query_find(query, "EIO", &version))
        return 0;
    if (span_is(version, "4"))
        return 4;
    return span_is(version, "3") && server->options.allow_eio3 ? 3 : 0;
}

static bool wants_base64(struct span query)
{
    struct span value;

    return query_find(query, "b64", &value) && span_is(value, "1");
}

// A request with the transport that it came by and the one that it names. Both must be the same.
struct asked {
    const struct http_request *request;
    bool is_websocket;    // it is an upgrade to WebSocket
    bool names_websocket; // its query has transport=websocket
};

static bool check_handshake(struct eio_server *server, const struct asked *asked,
                            struct eio__session_options *out, struct eio_refusal *refusal)
{
    const struct eio_handlers *handlers = &server->handlers;
    const struct http_request *request = asked->request;

    if (request->method != HTTP_GET)
        return refuse(server, refusal, BAD_HANDSHAKE_METHOD);
    if (asked->names_websocket != asked->is_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    out->version = version_of(server, request->query);
    if (out->version == 0)
        return refuse(server, refusal, UNSUPPORTED_VERSION);
    if (handlers->allow_request && !handlers->allow_request(request, handlers->arg))
        return refuse(server, refusal, FORBIDDEN);
    out->base64 = wants_base64(request->query);
    out->peer = ip_prefix_of(request->peer);
    return has_room(server, &out->peer, refusal);
}

// True for a poll that arrives after the client's close packet. It is admitted, and answered when
// the session ends: the client sent it before it closed, and would take an error for a lost
// connection.
static bool is_poll_after_close(const struct eio_session *session, const struct asked *asked)
{
    return session->client_closed && asked->request->method == HTTP_GET && !session->on_websocket &&
           !session->poll;
}

// Checks a request that names a session: a GET or POST of long-polling, or a WebSocket as its
// upgrade. An ENDING session counts as unknown, but for the poll above; a LINGERING one still
// answers polls.
static bool check_session(struct eio_server *server, const struct eio_session *session,
                          const struct asked *asked, struct eio_refusal *refusal)
{
    if (!session)
        return refuse(server, refusal, UNKNOWN_SID);
    if (session->state == SESSION_ENDING &&
        (asked->is_websocket || !is_poll_after_close(session, asked)))
        return refuse(server, refusal, UNKNOWN_SID);
    if (asked->names_websocket != asked->is_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    if (!asked->is_websocket && session->on_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    return true;
}

// The checks and their order are those of the reference server (engine.io's verify()), so that a
// client that does several things wrong gets the same error from both.
static bool admit(struct eio_server *server, const struct http_request *request, bool is_websocket,
                  struct eio_admission *out, struct eio_refusal *refusal)
{
    struct span transport = {NULL, 0}, sid = {NULL, 0};
    bool has_transport = query_find(request->query, "transport", &transport);
    struct asked asked = {request, is_websocket, has_transport && span_is(transport, "websocket")};

    *out = (struct eio_admission){.server = server};
    if (!asked.names_websocket && !(has_transport && span_is(transport, "polling")))
        return refuse(server, refusal, UNKNOWN_TRANSPORT);
    if (!http_is_field_value(http_request_header(request, "Origin")))
        return refuse(server, refusal, BAD_REQUEST);
    if (!query_find(request->query, "sid", &sid) || sid.len == 0)
        return check_handshake(server, &asked, &out->opening, refusal);
    out->session = eio__session_find(server, sid);
    return check_session(server, out->session, &asked, refusal);
}

bool eio_admit_websocket(struct eio_server *server, const struct http_request *request,
                         struct eio_admission *out, struct eio_refusal *refusal)
{
    return admit(server, request, true, out, refusal);
}

bool eio__admit_polling(struct eio_server *server, const struct http_request *request,
                        struct eio_admission *out, struct eio_refusal *refusal)
{
    return admit(server, request, false, out, refusal);
}

static struct frame *encode_open(const struct eio_session *session)
{
    const struct eio_options *options = &session->server->options;
    char text[256];
    int len = snprintf(text, sizeof(text),
                       "0{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%u,"
                       "\"pingTimeout\":%u,\"maxPayload\":%u}",
                       session->sid, session->on_websocket ? "" : "\"websocket\"",
                       options->ping_interval_ms, options->ping_timeout_ms, options->max_payload);

    return frame_new(FRAME_TEXT, (struct span){text, (size_t)len});
}

void eio__open(struct eio_session *session, const struct http_request *request)
{
    struct eio_server *server = session->server;
    struct frame *open = encode_open(session);

    server->open_count++;
    metric_add(&server->metrics->sessions, 1);
    eio__session_expect_heartbeat(session);
    eio_session_send(session, open);
    frame_unref(open);
    // Over polling the answer to a handshake is this packet alone; what the layer above sends at
    // once waits for the next poll, as with the reference server.
    eio__polling_flush(session);
    server->handlers.on_open(session, request, server->handlers.arg);
}

void eio__refuse(struct http_exchange *exchange, const struct eio_refusal *refusal)
{
    char body[128];
    int len = eio_refusal_print(refusal, body, sizeof(body));

    http_exchange_reply(exchange, &(struct http_reply){.status = refusal->status,
                                                       .content_type = "application/json",
                                                       .body = {body, (size_t)len}});
}

int eio_refusal_print(const struct eio_refusal *refusal, char *out, size_t size)
{
    if (refusal->code == NO_CODE)
        return snprintf(out, size, "{\"message\":\"%s\"}", refusal->message);
    return snprintf(out, size, "{\"code\":%d,\"message\":\"%s\"}", refusal->code, refusal->message);
}
