// The structs of servers and sessions. For engineio's own files only; their functions stand in the
// header of the file that has them, with the prefix eio__.
//
// A session's life:
//
//     OPEN ──close──▶ ENDING ──flush: close packet, on_close──▶ freed
//                        │
//                        └─ polling, frames left to send ──▶ LINGERING ──poll or 5 s──▶ freed
//
// Whatever ends a session only marks it and puts it on the server's `ending`; eio_server_flush()
// frees. So no callback frees what its caller still uses.
//
// Who calls whom: server > websocket > handshake > polling > receive > session. A session writes
// through an eio__transport, so it knows neither of the two.
#pragma once

#include "common/deadlines.h"
#include "common/hash.h"
#include "common/key_counter.h"
#include "common/random.h"
#include "edge/engineio/flush_slice.h"
#include "edge/engineio/ip_prefix.h"
#include "edge/engineio/options.h"
#include "edge/engineio/outbox.h"
#include "edge/engineio/rate_share.h"
#include "edge/engineio/write_batch.h"

struct eio_websocket;
struct http_exchange;

// How a session's frames get out.
struct eio__transport {
    // At the end of a turn: writes of the outbox what the transport takes.
    void (*flush)(struct eio_session *session);
    // In the middle of a turn, for an outbox that is full: one write. False when the transport took
    // nothing.
    bool (*write_some)(struct eio_session *session);
};

struct eio_server {
    struct eio_options options;
    struct eio_handlers handlers;
    struct deadlines *clock;
    struct eio_metrics *metrics;
    struct eio__transport transports[2]; // by on_websocket: long-polling, WebSocket
    struct eio_session *by_sid;          // in the order of opening
    size_t open_count;
    struct key_counter *addresses; // sessions by ip_prefix_key(); NULL: they are not limited
    bool refuses_new;
    struct rate_limits rates, stranger_rates; // of admitted clients, and of others
    struct rate_shares shares;
    struct list dirty;  // sessions that have something to send
    struct list ending; // sessions to end at the next flush
    struct eio__flush_slice slice;
    struct eio_backlog backlog;
    struct deadline_queue ping_due, pong_due; // revision 4: the server pings
    struct deadline_queue client_ping_due;    // revision 3: the client does
    struct deadline_queue upgrade_due, linger_due;
    struct write_batch plain, compressed; // of WebSockets without and with permessage-deflate
    struct ws_deflater *deflater;         // NULL: without it
    struct buffer scratch;                // base64 being decoded
    struct buffer answer;                 // to a poll, being built
    struct frame *ping, *probe_pong;
};

enum session_state { SESSION_OPEN = 0, SESSION_ENDING, SESSION_LINGERING };

// There is one for each idle client, so the fields stand without gaps. Deliveries visit thousands,
// so the fields that they read come first.
struct eio_session {
    struct eio_server *server;
    enum session_state state : 8;
    enum eio_close_reason reason : 8; // once ENDING
    uint8_t version;                  // 3 or 4
    bool base64;                      // the client takes no binary frames (b64=1)
    bool on_websocket;                // its transport; stays true when the WebSocket is gone
    bool client_closed : 1;           // the client sent a close packet
    bool probe_answered : 1;          // by "3probe": the client lets its polling end
    bool admitted;                    // eio_session_admit()
    bool is_backlogged;               // it counts in the server's `backlog`
    struct eio_websocket *websocket;  // the transport; NULL: long-polling, or gone
    struct outbox outbox;
    struct list queued;          // in `dirty` or `ending`
    struct eio_websocket *probe; // asks to become the transport
    struct http_exchange *poll;  // the GET that waits for something to say
    char *jsonp;                 // its parameter j, if it has one
    struct rate_limiter rate;
    uint64_t rate_key;         // of the server's `shares`
    struct deadline heartbeat; // until the next ping, its pong, or the end of LINGERING
    void *data;                // of the layer above
    struct key_count *address; // NULL: not counted
    UT_hash_handle hh;
    struct ip_prefix peer; // who opened it
    char sid[RANDOM_ID_LEN + 1];
};
