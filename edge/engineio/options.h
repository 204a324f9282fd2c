// What a program gives an Engine.IO server: its options, the handlers that the server calls, and
// the metrics that it counts; and the reasons why a session ends, which all three refer to.
#pragma once

#include "common/memory_budget.h"
#include "common/metrics.h"
#include "edge/engineio/frame.h"
#include "edge/http/request.h"

struct eio_session;

// Why a session ended, in the words that Socket.IO servers use (see eio_close_reason_str()).
enum eio_close_reason {
    EIO_TRANSPORT_CLOSE = 0, // the client went away or sent a close packet
    EIO_TRANSPORT_ERROR,
    EIO_PING_TIMEOUT,
    EIO_PARSE_ERROR,
    EIO_FORCED_CLOSE,  // the layer above asked for it
    EIO_SLOW_CONSUMER, // its outbox passed the limit
    EIO_SHUTTING_DOWN,
    EIO_RATE_LIMIT,    // it went on sending above its rate although it was refused
    EIO_MEMORY_LIMIT,  // it needed memory when the process's budget was spent
    EIO_CLOSE_REASONS, // how many there are
};

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
    uint32_t flush_hold_ms;    // how long a busy server holds deliveries back; 0: never
    uint32_t max_sessions;     // further handshakes get 503; 0: no limit
    // Sessions that one client address (see ip_prefix.h) may have; further handshakes get 429.
    uint32_t max_sessions_per_address; // 0: no limit
    uint32_t max_packets_per_payload; // of a POST; beyond it 400, and the session ends; 0: no limit
    // Of one client; 0: no limit. Packets above the rate are refused, and a client that goes on
    // nevertheless is closed: see rate_limit.h.
    uint32_t max_packets_per_second, max_bytes_per_second;
    uint32_t max_packets_per_second_together; // of one key: see eio_session_share_rate()
    bool allow_eio3;
    struct memory_budget *memory; // borrowed; NULL: without a limit
    uint64_t (*clock_us)(void);   // measures flushes; NULL: the monotonic clock
    struct eio_compression compression;
};

// All calls into the layer above. `arg` is passed to each.
struct eio_handlers {
    // Called once for each handshake. False answers 403 {"code":4,"message":"Forbidden"}. NULL
    // allows all.
    bool (*allow_request)(const struct http_request *request, void *arg);
    // A session opened. `request` is that of its handshake, borrowed until return.
    void (*on_open)(struct eio_session *session, const struct http_request *request, void *arg);
    // A message. The bytes are borrowed until return. A session that is closing gets none.
    void (*on_message)(struct eio_session *session, enum frame_kind kind, struct span bytes,
                       void *arg);
    // A message that is refused because the client sends too much. The layer above may answer it
    // with an error, and should parse no more of it than that needs. May be NULL.
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
    metric flushes_held, writes_saved; // see flush_pace.h
    metric bytes_out;
    metric websockets_compressed; // opened with permessage-deflate
    metric bytes_saved;           // on these, by compression
};

// The sessions that are behind: in each of them more than a quarter of max_outbox_bytes waits.
struct eio_backlog {
    size_t sessions;
    uint64_t taken; // grows each time that one of them takes a frame
};
