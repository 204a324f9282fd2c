#define LOG_MODULE "engineio"

#include "edge/engineio/server.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/handshake.h"
#include "edge/engineio/polling.h"
#include "edge/engineio/session.h"
#include "edge/engineio/websocket.h"
#include "edge/http/query.h"
#include "edge/websocket/frame_header.h"

#define LINGER_MS     5000 // for a client to collect what was left when its session ended
#define CLOSE_AT_ONCE 0    // without a close frame

static uint64_t now_us(const struct eio_server *server)
{
    return server->options.clock_us ? server->options.clock_us() : clock_monotonic_us();
}

static struct eio_session *take_first(struct list *queue)
{
    struct eio_session *session = list_entry(queue->next, struct eio_session, queued);

    list_unlink(&session->queued);
    return session;
}

static void release_held(struct eio_server *server)
{
    deadline_cancel(&server->hold);
    while (!list_empty(&server->held)) {
        struct eio_session *session = take_first(&server->held);
        session->is_held = false;
        list_append(&server->dirty, &session->queued);
    }
    metric_add(&server->metrics->writes_saved, server->pace.joined);
    flush_pace_release(&server->pace, now_us(server));
}

static void on_held_long_enough(struct deadline *deadline, void *arg)
{
    (void)deadline;
    release_held(arg);
}

static void on_linger_over(struct deadline *deadline, void *arg)
{
    (void)arg;
    eio__session_free(container_of(deadline, struct eio_session, heartbeat));
}

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
    server->transports[false] =
        (struct eio__transport){eio__polling_flush, eio__polling_write_some};
    server->transports[true] =
        (struct eio__transport){eio__websocket_flush, eio__websocket_write_some};
    server->metrics = metrics;
    server->addresses = options->max_sessions_per_address > 0 ? key_counter_new() : NULL;
    server->rates = rate_limits_of(options->max_packets_per_second, options->max_bytes_per_second,
                                   options->max_payload);
    server->stranger_rates = rate_limits_of_strangers(&server->rates);
    rate_shares_init(&server->shares, clock, options->max_packets_per_second_together);
    list_init(&server->dirty);
    list_init(&server->held);
    list_init(&server->ending);
    deadline_queue_init(&server->ping_due, clock, options->ping_interval_ms,
                        eio__session_on_ping_due, server);
    deadline_queue_init(&server->pong_due, clock, options->ping_timeout_ms,
                        eio__session_on_heartbeat_missing, server);
    deadline_queue_init(&server->client_ping_due, clock,
                        (uint64_t)options->ping_interval_ms + options->ping_timeout_ms,
                        eio__session_on_heartbeat_missing, server);
    deadline_queue_init(&server->upgrade_due, clock, options->upgrade_timeout_ms,
                        eio__websocket_on_upgrade_late, server);
    deadline_queue_init(&server->linger_due, clock, LINGER_MS, on_linger_over, server);
    deadline_queue_init(&server->hold_due, clock, options->flush_hold_ms, on_held_long_enough,
                        server);
    deadline_init(&server->hold);
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
        eio__session_free(session);
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
    deadline_queue_fini(&server->hold_due);
    write_batch_fini(&server->plain);
    write_batch_fini(&server->compressed);
    ws_deflater_free(server->deflater);
    buffer_fini(&server->scratch);
    buffer_fini(&server->answer);
    frame_unref(server->ping);
    frame_unref(server->probe_pong);
    free(server);
}

size_t eio_server_body_max(struct eio_server *server, const struct http_request *request)
{
    struct span sid;
    struct eio_session *session = NULL;

    if (request->method != HTTP_POST)
        return 0;
    if (query_find(request->query, "sid", &sid))
        session = eio__session_find(server, sid);
    return session ? eio__session_max_message(session) : EIO_STRANGER_MESSAGE_MAX;
}

static void open_polling(const struct eio_admission *admission, struct http_exchange *exchange)
{
    struct eio_server *server = admission->server;
    struct eio_session *session = eio__session_new(server, &admission->opening);
    const struct http_request *request = exchange->request;

    metric_add(&server->metrics->handshakes_polling, 1);
    eio__polling_hold(session, exchange);
    eio__open(session, request);
}

void eio_server_on_http(struct eio_server *server, struct http_exchange *exchange)
{
    struct eio_admission admission;
    struct eio_refusal refusal;

    if (!eio__admit_polling(server, exchange->request, &admission, &refusal))
        eio__refuse(exchange, &refusal);
    else if (admission.session)
        eio__polling_on_request(admission.session, exchange);
    else
        open_polling(&admission, exchange);
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
        return CLOSE_AT_ONCE; // the client does not read
    default:
        return WS_CLOSE_NORMAL;
    }
}

// A client that sent a close packet gets a noop, so that its poll ends; any other client gets the
// close packet.
static const char *last_packet(const struct eio_session *session)
{
    return session->client_closed ? "6" : "1";
}

// True if frames are left that must reach the client before the close packet does. Official clients
// act on a close packet at once but on events a moment later, so events in the same payload as the
// close packet would be lost. They go alone, and the close packet answers the next poll.
static bool must_linger(const struct eio_session *session)
{
    return !session->on_websocket && session->outbox.count > 0 &&
           (session->reason == EIO_FORCED_CLOSE || session->reason == EIO_SHUTTING_DOWN);
}

static void flush_session(struct eio_session *session)
{
    session->server->transports[session->on_websocket].flush(session);
}

// Writes beyond the slice: the session has no next turn. That is one outbox at most, since
// flush_slice() ends no other session then.
static void flush_to_the_end(struct eio_session *session)
{
    struct eio__flush_slice *slice = &session->server->slice;
    bool running = slice->running;

    slice->running = false;
    eio__websocket_flush(session);
    slice->running = running;
}

static void end_transport(struct eio_session *session)
{
    if (session->probe)
        eio__websocket_close(session->probe, WS_CLOSE_NORMAL);
    if (session->websocket) {
        flush_to_the_end(session);
        eio__websocket_close(session->websocket, close_code(session->reason));
    }
    if (!session->poll)
        return;
    if (must_linger(session))
        eio__polling_flush(session);
    else
        eio__polling_release(session, last_packet(session));
}

// Writes what is left, ends the transport, tells the layer above, and frees the session or lets it
// linger.
static void end_session(struct eio_session *session)
{
    struct eio_server *server = session->server;

    log_debug("session closed session=%s reason=%s", eio_session_name(session).text,
              eio_close_reason_str(session->reason));
    metric_add(&server->metrics->closed[session->reason], 1);
    metric_sub(&server->metrics->sessions, 1);
    if (session->on_websocket)
        metric_sub(&server->metrics->sessions_websocket, 1);
    server->open_count--;
    // Asked before end_transport(), which may send all frames: the close packet is still to be sent
    // then.
    bool lingers = must_linger(session);
    end_transport(session);
    server->handlers.on_close(session, session->reason, server->handlers.arg);
    if (lingers) {
        session->state = SESSION_LINGERING;
        deadline_arm(&session->heartbeat, &server->linger_due);
    } else {
        eio__session_free(session);
    }
}

// Ending a session may queue frames for others, which learn that it left. So this goes on until
// both lists are empty, or the slice is spent. Sessions that end come first, because ending them
// frees memory.
static bool flush_slice(struct eio_server *server)
{
    while (!list_empty(&server->ending) || !list_empty(&server->dirty)) {
        if (eio__flush_slice_is_spent(&server->slice))
            return false;
        if (!list_empty(&server->ending)) {
            eio__flush_slice_add(&server->slice, 0);
            end_session(take_first(&server->ending));
        } else {
            flush_session(take_first(&server->dirty));
        }
    }
    return true;
}

// Held deliveries wait until flush_pace_is_due(), or until on_held_long_enough().
static void release_what_is_due(struct eio_server *server, uint64_t time_us)
{
    if (!list_empty(&server->held) && flush_pace_is_due(&server->pace, time_us))
        release_held(server);
}

static void limit_hold(struct eio_server *server)
{
    if (list_empty(&server->held)) {
        deadline_cancel(&server->hold);
    } else if (!deadline_is_armed(&server->hold)) {
        deadline_arm(&server->hold, &server->hold_due);
        metric_add(&server->metrics->flushes_held, 1);
    }
}

static bool has_work(const struct eio_server *server)
{
    return !list_empty(&server->ending) || !list_empty(&server->dirty) ||
           !list_empty(&server->held);
}

static bool measured_flush(struct eio_server *server)
{
    uint64_t begun_us = now_us(server);

    release_what_is_due(server, begun_us);
    eio__flush_slice_begin(&server->slice);
    bool quiet = flush_slice(server);
    eio__flush_slice_end(&server->slice);
    if (server->options.flush_hold_ms > 0)
        flush_pace_measure(&server->pace, begun_us, now_us(server), server->slice.writes);
    limit_hold(server);
    return quiet;
}

bool eio_server_flush(struct eio_server *server)
{
    bool quiet = true;

    server->turn++;
    if (has_work(server))
        quiet = measured_flush(server);
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
    return server->backlog;
}

bool eio_server_holds(const struct eio_server *server)
{
    return !list_empty(&server->held);
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
