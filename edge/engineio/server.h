// An Engine.IO server: opens sessions, finds them again, keeps their heartbeats and flushes them.
//
// It has no sockets. Ports (adapters) bring it HTTP exchanges and WebSockets; it answers through
// them. It has no timers either: the loop runs the deadlines that it was given, and calls
// eio_server_flush() once per turn, when everything readable has been handled.
#pragma once

#include "common/deadlines.h"
#include "common/memory_budget.h"
#include "common/metrics.h"
#include "edge/engineio/session.h"
#include "edge/http/exchange.h"

// permessage-deflate of WebSockets, for clients that offer it.
struct eio_compression {
    bool enabled;
    uint32_t threshold;   // bytes of the smallest packet that is compressed
    unsigned window_bits; // 9 to 15
};

struct eio_options {
    uint32_t ping_interval_ms;
    uint32_t ping_timeout_ms;
    uint32_t upgrade_timeout_ms;
    uint32_t max_payload;      // bytes of one message or one POST body
    uint32_t max_outbox_bytes; // beyond it a client is closed as a slow consumer
    uint32_t max_sessions;     // further handshakes get 503; 0: no limit of its own
    // Sessions that one client address (http_request.peer) may have; further handshakes get 429.
    uint32_t max_sessions_per_address; // 0: no limit
    uint32_t max_packets_per_payload; // of a POST; beyond it 400, and the session ends; 0: no limit
    // Of one client; 0: no limit. What is over is refused, and whoever goes on is closed: see
    // rate_limit.h.
    uint32_t max_packets_per_second, max_bytes_per_second;
    uint32_t max_packets_per_second_together; // of all that share: eio_session_share_rate()
    bool allow_eio3;
    struct memory_budget *memory; // borrowed; NULL: without a limit
    struct eio_compression compression;
};

struct eio_handlers {
    // A handshake is asked for; false answers 403 {"code":4,"message":"Forbidden"}. May be NULL.
    bool (*allow_request)(const struct http_request *request, void *arg);
    // A session opened. `request` is that of its handshake, borrowed until return.
    void (*on_open)(struct eio_session *session, const struct http_request *request, void *arg);
    // The bytes are borrowed until return. Messages keep coming until on_close.
    void (*on_message)(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg);
    // One that is over a limit of what the client may send, for an answer that says so; it is not
    // worth being read. May be NULL.
    void (*on_refused)(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg);
    // Called once for every session that opened; it is freed soon after.
    void (*on_close)(struct eio_session *session, enum eio_close_reason reason, void *arg);
    void *arg;
};

struct eio_metrics {
    metric sessions;           // open now
    metric sessions_websocket; // of these, on a WebSocket
    metric handshakes_polling, handshakes_websocket;
    metric refused[6]; // by error code
    metric refused_full;
    metric refused_memory;
    metric refused_draining;
    metric refused_address;
    metric payloads_too_long; // POSTs with too many packets
    metric rate_refused;      // packets over the rate limits
    metric upgrades, upgrades_failed;
    metric closed[EIO_CLOSE_REASONS];
    metric messages_in, bytes_in;
    struct histogram frames_per_write; // direct writes and polling replies
    metric bytes_out;
    metric websockets_compressed; // opened with permessage-deflate
    metric bytes_saved;           // by compressing what was written to these
};

struct eio_server;

// Borrows `clock` and `metrics` for its lifetime; copies the rest.
NODISCARD struct eio_server *eio_server_new(const struct eio_options *options,
                                            const struct eio_handlers *handlers,
                                            struct deadlines *clock, struct eio_metrics *metrics);
// All sessions must have ended (eio_server_close_all and a flush).
void eio_server_free(struct eio_server *server);

// How many bytes the body of a request may have, by its head: of a POST, fewer from a stranger; of
// anything else none.
size_t eio_server_body_max(struct eio_server *server, const struct http_request *request);

// Answers a request to the server's path: handshake, GET or POST of long-polling, or the error.
void eio_server_on_http(struct eio_server *server, struct http_exchange *exchange);

// Writes out what the turn queued and frees the sessions that ended. Once per turn, and for so
// long: false when something is left, for which the loop should come back without sleeping.
bool eio_server_flush(struct eio_server *server);

// New handshakes are refused with 503 from now on; sessions that are open go on.
void eio_server_refuse_new(struct eio_server *server);
// Closes up to `count` sessions, oldest first. Returns how many it closed.
size_t eio_server_close_some(struct eio_server *server, size_t count, enum eio_close_reason reason);
// The sessions whose outboxes are filling up: more than a quarter of what they may hold waits.
struct eio_backlog {
    size_t sessions;
    uint64_t taken; // grows with each time that one of them is rid of something
};
struct eio_backlog eio_server_backlog(const struct eio_server *server);

size_t eio_server_session_count(const struct eio_server *server);
