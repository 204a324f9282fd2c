#include "edge/engineio/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/engineio_internal.h"
#include "edge/http/query.h"
#include "edge/http/request_head.h"

#define FLUSH_WRITES_MAX 2048                      // of one turn
#define FLUSH_BYTES_MAX  ((size_t)4 * 1024 * 1024) // and the bytes of these

enum refusal_code {
    UNKNOWN_TRANSPORT = 0,
    UNKNOWN_SID,
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNSUPPORTED_VERSION,
    NO_CODE = -1,
};

static void start_compression(struct eio_server *server)
{
    const struct eio_compression *compression = &server->options.compression;

    if (!compression->enabled)
        return;
    server->deflater = ws_deflater_new(compression->window_bits);
    server->compressed.deflater = server->deflater;
    server->compressed.threshold = compression->threshold;
}

struct eio_server *eio_server_new(const struct eio_options *options,
                                  const struct eio_handlers *handlers, struct deadlines *clock,
                                  struct eio_metrics *metrics)
{
    struct eio_server *server = mem_zalloc(sizeof(*server));

    server->options = *options;
    server->handlers = *handlers;
    server->clock = clock;
    server->metrics = metrics;
    server->addresses = options->max_sessions_per_address > 0 ? key_counter_new() : NULL;
    server->rates = rate_limits_of(options->max_packets_per_second, options->max_bytes_per_second,
                                   options->max_payload);
    server->stranger_rates = rate_limits_of_strangers(&server->rates);
    rate_shares_init(&server->shares, clock, options->max_packets_per_second_together);
    list_init(&server->dirty);
    list_init(&server->ending);
    deadline_queue_init(&server->ping_due, clock, options->ping_interval_ms,
                        session_on_heartbeat_due, server);
    deadline_queue_init(&server->pong_due, clock, options->ping_timeout_ms, session_on_pong_missing,
                        server);
    deadline_queue_init(&server->client_ping_due, clock,
                        (uint64_t)options->ping_interval_ms + options->ping_timeout_ms,
                        session_on_pong_missing, server);
    deadline_queue_init(&server->upgrade_due, clock, options->upgrade_timeout_ms,
                        websocket_on_upgrade_late, server);
    deadline_queue_init(&server->linger_due, clock, LINGER_MS, session_on_linger_over, server);
    server->ping = frame_new(FRAME_TEXT, SPAN_LIT("2"));
    server->probe_pong = frame_new(FRAME_TEXT, SPAN_LIT("3probe"));
    start_compression(server);
    return server;
}

static void free_lingering(struct eio_server *server)
{
    struct eio_session *session, *next;

    HASH_ITER (hh, server->by_sid, session, next) {
        assert(session->state == SESSION_LINGERING);
        session_free(session);
    }
}

void eio_server_free(struct eio_server *server)
{
    if (!server)
        return;
    free_lingering(server);
    key_counter_free(server->addresses);
    rate_shares_fini(&server->shares);
    deadline_queue_fini(&server->ping_due);
    deadline_queue_fini(&server->pong_due);
    deadline_queue_fini(&server->client_ping_due);
    deadline_queue_fini(&server->upgrade_due);
    deadline_queue_fini(&server->linger_due);
    write_batch_fini(&server->plain);
    write_batch_fini(&server->compressed);
    ws_deflater_free(server->deflater);
    buffer_fini(&server->scratch);
    buffer_fini(&server->answer);
    frame_unref(server->ping);
    frame_unref(server->probe_pong);
    free(server);
}

struct eio_session *server_find(struct eio_server *server, struct span sid)
{
    struct eio_session *session;

    HASH_FIND(hh, server->by_sid, sid.ptr, sid.len, session);
    return session;
}

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

// A handshake that is as it should be, but one too many.
static bool has_room(struct eio_server *server, const struct http_request *request,
                     struct eio_refusal *refusal)
{
    const struct eio_options *options = &server->options;
    struct eio_metrics *metrics = server->metrics;
    unsigned char key[IP_PREFIX_MAX];

    if (server->refuses_new)
        return refuse_without_code(refusal, 503, &metrics->refused_draining,
                                   "Server is shutting down");
    if (memory_budget_is_spent(options->memory, MEMORY_HANDSHAKES))
        return refuse_without_code(refusal, 503, &metrics->refused_memory, "Too little memory");
    if (options->max_sessions > 0 && server->open_count >= options->max_sessions)
        return refuse_without_code(refusal, 503, &metrics->refused_full, "Too many connections");
    if (server->addresses && key_counter_of(server->addresses, ip_prefix_of(request->peer, key)) >=
                                 options->max_sessions_per_address)
        return refuse_without_code(refusal, 429, &metrics->refused_address,
                                   "Too many connections from this address");
    return true;
}

static bool speaks_known_version(const struct eio_server *server,
                                 const struct http_request *request)
{
    struct span version;

    if (!query_find(request->query, "EIO", &version))
        return false;
    return span_is(version, "4") || (span_is(version, "3") && server->options.allow_eio3);
}

static bool verify_handshake(struct eio_server *server, const struct http_request *request,
                             bool transport_is_websocket, bool is_websocket,
                             struct eio_refusal *refusal)
{
    const struct eio_handlers *handlers = &server->handlers;

    if (request->method != HTTP_GET)
        return refuse(server, refusal, BAD_HANDSHAKE_METHOD);
    if (transport_is_websocket != is_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    if (!speaks_known_version(server, request))
        return refuse(server, refusal, UNSUPPORTED_VERSION);
    if (handlers->allow_request && !handlers->allow_request(request, handlers->arg))
        return refuse(server, refusal, FORBIDDEN);
    return has_room(server, request, refusal);
}

// The client's last poll was overtaken by its goodbye: it is let in, and answered by the end.
static bool crosses_goodbye(const struct eio_session *session, const struct http_request *request)
{
    return session->said_goodbye && request->method == HTTP_GET && !session->on_websocket &&
           !session->poll;
}

// A WebSocket with the sid of a polling session is its upgrade.
static bool verify_session(struct eio_server *server, struct eio_session *session,
                           const struct http_request *request, bool transport_is_websocket,
                           bool is_websocket, struct eio_refusal *refusal)
{
    if (!session)
        return refuse(server, refusal, UNKNOWN_SID);
    if (session->state == SESSION_ENDING && (is_websocket || !crosses_goodbye(session, request)))
        return refuse(server, refusal, UNKNOWN_SID);
    if (transport_is_websocket != is_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    if (!is_websocket && session->on_websocket)
        return refuse(server, refusal, BAD_REQUEST);
    return true;
}

bool server_verify(struct eio_server *server, const struct http_request *request, bool is_websocket,
                   struct eio_session **session, struct eio_refusal *refusal)
{
    struct span transport = {NULL, 0}, sid = {NULL, 0};
    bool has_transport = query_find(request->query, "transport", &transport);
    bool transport_is_websocket = has_transport && span_is(transport, "websocket");

    *session = NULL;
    if (!transport_is_websocket && !(has_transport && span_is(transport, "polling")))
        return refuse(server, refusal, UNKNOWN_TRANSPORT);
    if (!http_is_field_value(http_request_header(request, "Origin")))
        return refuse(server, refusal, BAD_REQUEST);
    if (!query_find(request->query, "sid", &sid) || sid.len == 0)
        return verify_handshake(server, request, transport_is_websocket, is_websocket, refusal);
    *session = server_find(server, sid);
    return verify_session(server, *session, request, transport_is_websocket, is_websocket, refusal);
}

size_t eio_server_body_max(struct eio_server *server, const struct http_request *request)
{
    struct span sid;
    struct eio_session *session = NULL;

    if (request->method != HTTP_POST)
        return 0;
    if (query_find(request->query, "sid", &sid))
        session = server_find(server, sid);
    return session ? session_max_message(session) : EIO_STRANGER_MESSAGE_MAX;
}

bool eio_server_admits_websocket(struct eio_server *server, const struct http_request *request,
                                 struct eio_refusal *refusal)
{
    struct eio_session *session;

    return server_verify(server, request, true, &session, refusal);
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

void server_open_session(struct eio_session *session, const struct http_request *request)
{
    struct eio_server *server = session->server;
    struct frame *open = encode_open(session);

    server->open_count++;
    metric_add(&server->metrics->sessions, 1);
    session_expect_heartbeat(session);
    eio_session_send(session, open);
    frame_unref(open);
    // The answer to a handshake is this packet alone; what the layer above says at once comes with
    // the next poll, as clients of the reference server know it.
    polling_flush(session);
    server->handlers.on_open(session, request, server->handlers.arg);
}

void server_refuse(struct http_exchange *exchange, const struct eio_refusal *refusal)
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

static void open_polling(struct eio_server *server, struct http_exchange *exchange)
{
    struct eio_session *session = session_new(server, exchange->request);

    metric_add(&server->metrics->handshakes_polling, 1);
    polling_hold(session, exchange);
    server_open_session(session, exchange->request);
}

void eio_server_on_http(struct eio_server *server, struct http_exchange *exchange)
{
    struct eio_session *session;
    struct eio_refusal refusal;

    if (!server_verify(server, exchange->request, false, &session, &refusal))
        server_refuse(exchange, &refusal);
    else if (session)
        polling_on_request(session, exchange);
    else
        open_polling(server, exchange);
}

static struct eio_session *take_first(struct list *queue)
{
    struct eio_session *session = list_entry(queue->next, struct eio_session, queued);

    list_unlink(&session->queued);
    return session;
}

void server_note_work(struct eio_server *server, size_t bytes)
{
    server->writes++;
    server->written += bytes;
}

bool server_has_worked_enough(const struct eio_server *server)
{
    return server->flushing &&
           (server->writes >= FLUSH_WRITES_MAX || server->written >= FLUSH_BYTES_MAX);
}

// Ending a session may send to others (who learn that it left), so go on until all is quiet.
static bool flush_slice(struct eio_server *server)
{
    while (!list_empty(&server->ending) || !list_empty(&server->dirty)) {
        if (server_has_worked_enough(server))
            return false;
        if (!list_empty(&server->ending)) {
            server_note_work(server, 0);
            session_end(take_first(&server->ending));
        } else {
            session_flush(take_first(&server->dirty));
        }
    }
    return true;
}

bool eio_server_flush(struct eio_server *server)
{
    server->writes = 0;
    server->written = 0;
    server->flushing = true;
    bool quiet = flush_slice(server);
    server->flushing = false;
    write_batch_clear(&server->plain);
    write_batch_clear(&server->compressed);
    return quiet;
}

void eio_server_refuse_new(struct eio_server *server)
{
    server->refuses_new = true;
}

size_t eio_server_close_some(struct eio_server *server, size_t count, enum eio_close_reason reason)
{
    struct eio_session *session, *next;
    size_t closed = 0;

    HASH_ITER (hh, server->by_sid, session, next) {
        if (closed == count)
            break;
        if (session->state != SESSION_OPEN)
            continue;
        eio_session_close(session, reason);
        closed++;
    }
    return closed;
}

struct eio_backlog eio_server_backlog(const struct eio_server *server)
{
    return server->crowd;
}

size_t eio_server_session_count(const struct eio_server *server)
{
    return server->open_count;
}

struct memory_budget *eio_server_memory(const struct eio_server *server)
{
    return server->options.memory;
}

const struct eio_compression *eio_server_compression(const struct eio_server *server)
{
    return &server->options.compression;
}
