// The structs of servers and sessions, for engineio's own files only. What these files share has
// the prefix eio__ and is declared in the header of the file that defines it.
//
// A session's life:
//
//     OPEN ──close──▶ ENDING ──flush: close packet, on_close──▶ freed
//                        │
//                        └─ polling, frames left to send ──▶ LINGERING ──poll or 5 s──▶ freed
//
// Whatever ends a session only marks it and puts it on the server's list `ending`;
// eio_server_flush() frees it. So no callback frees a session that its caller still uses.
//
// Who calls whom: server > websocket > handshake > polling > receive > session. A session writes
// through an eio__transport, so session.c includes neither polling.h nor websocket.h.
#pragma once

#include "common/deadlines.h"
#include "common/hash.h"
#include "common/key_counter.h"
#include "common/random.h"
#include "edge/engineio/flush_pace.h"
#include "edge/engineio/flush_slice.h"
#include "edge/engineio/ip_prefix.h"
#include "edge/engineio/options.h"
#include "edge/engineio/outbox.h"
#include "edge/engineio/rate_share.h"
#include "edge/engineio/write_batch.h"

struct eio_websocket;
struct http_exchange;

// How a session's frames reach the client: by long-polling or by a WebSocket.
struct eio__transport {
    // At the end of a turn: writes as much of the outbox as the transport takes.
    void (*flush)(struct eio_session *session);
    // In the middle of a turn: does one write, to make room in a full outbox. False when the
    // transport takes nothing now.
    bool (*write_some)(struct eio_session *session);
};

struct eio_server {
    struct eio_options options;
    struct eio_handlers handlers;
    struct deadlines *clock;
    struct eio_metrics *metrics;
    struct eio__transport transports[2]; // by on_websocket: long-polling, WebSocket
    struct eio_session *by_sid;          // hash table, in the order of opening
    size_t open_count;
    struct key_counter *addresses; // sessions for each ip_prefix_key(); NULL: not limited
    bool refuses_new;
    struct rate_limits rates, stranger_rates; // of admitted clients, and of others
    struct rate_shares shares;
    struct list dirty;  // sessions that have something to send
    struct list held;   // sessions that have only deliveries to send, which wait for more
    struct list ending; // sessions to end at the next flush
    uint16_t turn;      // counts flushes
    struct eio__flush_slice slice;
    struct flush_pace pace;
    struct deadline_queue hold_due;
    struct deadline hold; // armed while `held` is not empty
    struct eio_backlog backlog;
    struct deadline_queue ping_due, pong_due; // revision 4: the server pings
    struct deadline_queue client_ping_due;    // revision 3: the client pings
    struct deadline_queue upgrade_due, linger_due;
    struct write_batch plain, compressed; // of WebSockets without and with permessage-deflate
    struct ws_deflater *deflater;         // NULL: compression is off
    struct buffer scratch;                // decoded base64 of the packet that is handled
    struct buffer answer;                 // payload of the reply to a poll, while it is made
    struct frame *ping, *probe_pong;
};

enum session_state { SESSION_OPEN = 0, SESSION_ENDING, SESSION_LINGERING };

// Every idle client costs one of these, so the fields leave no padding. A delivery visits thousands
// of sessions, so the fields that it reads come first.
struct eio_session {
    struct eio_server *server;
    enum session_state state : 8;
    enum eio_close_reason reason : 8; // once ENDING
    uint8_t version;                  // 3 or 4
    bool base64;                      // the client takes no binary frames (b64=1)
    bool on_websocket;                // the transport is a WebSocket, even when that is gone
    bool client_closed : 1;           // the client sent a close packet
    bool probe_answered : 1;          // with "3probe": the client now stops polling
    bool admitted : 1;                // see eio_session_admit()
    bool is_backlogged : 1;           // is counted in the server's `backlog`
    bool is_held : 1;                 // is in the server's list `held`
    uint16_t turn;                    // the server's, when the last frame was held
    struct eio_websocket *websocket;  // the transport; NULL: long-polling, or gone
    struct outbox outbox;
    struct list queued;          // node in the server's `dirty` or `ending`
    struct eio_websocket *probe; // the WebSocket that may become the transport
    struct http_exchange *poll;  // the GET that waits for frames
    char *jsonp;                 // query parameter j of `poll`; NULL: no JSONP
    struct rate_limiter rate;
    uint64_t rate_key;         // in the server's `shares`
    struct deadline heartbeat; // until the next ping, its pong, or the end of LINGERING
    void *data;                // of the layer above
    struct key_count *address; // in the server's `addresses`; NULL: not counted
    UT_hash_handle hh;
    struct ip_prefix peer; // address of the client that opened the session
    char sid[RANDOM_ID_LEN + 1];
};
