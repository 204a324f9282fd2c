// The inside of servers and sessions. For engineio's own files only.
//
// A session's life:
//
//     OPEN ──close──▶ ENDING ──flush: last words, on_close──▶ freed
//                        │
//                        └─ polling, words left to say ──▶ LINGERING ──poll or 5 s──▶ freed
//
// Whatever ends a session only marks it and puts it on `ending`; eio_server_flush() frees.
#pragma once

#include "common/hash.h"
#include "common/key_counter.h"
#include "common/random.h"
#include "edge/engineio/ip_prefix.h"
#include "edge/engineio/payload.h"
#include "edge/engineio/rate_share.h"
#include "edge/engineio/websocket.h"
#include "edge/engineio/write_batch.h"

#define LINGER_MS 5000

struct eio_server {
    struct eio_options options;
    struct eio_handlers handlers;
    struct deadlines *clock;
    struct eio_metrics *metrics;
    struct eio_session *by_sid; // in the order of opening
    size_t open_count;
    struct key_counter *addresses; // sessions by ip_prefix_of(); NULL: they are not limited
    bool refuses_new;
    struct rate_limits rates, stranger_rates;
    struct rate_shares shares;
    struct list dirty;  // sessions that have something to send
    struct list ending; // sessions to end at the next flush
    uint32_t writes;    // of the flush under way
    size_t written;     // and their bytes
    bool flushing;
    struct eio_backlog crowd;
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

// Of each idle client there is one, so the fields stand without gaps.
struct eio_session {
    struct eio_server *server;
    enum session_state state : 8;
    enum eio_close_reason reason : 8; // once ENDING
    uint8_t version;                  // 3 or 4
    bool base64;                      // the client takes no binary frames (b64=1)
    bool on_websocket;                // stays true when the WebSocket is gone
    bool said_goodbye;                // the client did, by a close packet
    bool admitted;                    // the layer above knows the client
    bool crowded;                     // it counts among the server's crowd
    struct eio_websocket *websocket;  // the transport; NULL: long-polling, or gone
    struct eio_websocket *probe;      // asks to become it
    struct http_exchange *poll;       // the GET that waits for something to say
    char *jsonp;                      // its parameter j, if it has one
    struct outbox outbox;
    struct rate_limiter rate;
    uint64_t rate_key;         // of the server's `shares`
    struct deadline heartbeat; // until the next ping, or until its pong
    struct list queued;        // in `dirty` or `ending`
    void *data;
    struct key_count *address; // NULL: not counted
    UT_hash_handle hh;
    uint8_t peer_len;
    unsigned char peer[IP_PREFIX_MAX]; // the ip_prefix_of() of who opened it
    char sid[RANDOM_ID_LEN + 1];
};

// session.c
NODISCARD struct eio_session *session_new(struct eio_server *server,
                                          const struct http_request *request);
void session_free(struct eio_session *session);
// Takes the first `n` frames off the outbox: they were sent.
void session_drop_sent(struct eio_session *session, uint32_t n);
size_t session_max_message(const struct eio_session *session);
void session_expect_heartbeat(struct eio_session *session);
void session_on_packet(struct eio_session *session, const struct eio_packet *packet);
// Writes what the transport takes of the outbox.
void session_flush(struct eio_session *session);
// Says the last words, tells the layer above, and frees the session or lets it linger.
void session_end(struct eio_session *session);
void session_mark_dirty(struct eio_session *session);
void session_on_heartbeat_due(struct deadline *deadline, void *arg);
void session_on_pong_missing(struct deadline *deadline, void *arg);
void session_on_linger_over(struct deadline *deadline, void *arg);

// metering.c
// Takes the packet from what the session may send. Closes one that goes on nevertheless.
NODISCARD enum rate_verdict session_check_rate(struct eio_session *session,
                                               const struct eio_packet *packet);
// Whether the packet bears data of which its type has no use.
NODISCARD bool session_packet_is_overweight(const struct eio_packet *packet);

// polling.c
void polling_on_request(struct eio_session *session, struct http_exchange *exchange);
// Answers the waiting GET with the first of the outbox, if there are both.
void polling_flush(struct eio_session *session);
// Answers the waiting GET with this one packet behind what else of the outbox goes with it.
void polling_release(struct eio_session *session, const char *last_packet);
// From now on the exchange is the session's waiting GET.
void polling_hold(struct eio_session *session, struct http_exchange *exchange);

// websocket.c
void websocket_flush(struct eio_session *session);
// One write of what waits, if the socket takes any; false when it takes nothing more.
bool websocket_write_some(struct eio_session *session);
void websocket_on_upgrade_late(struct deadline *deadline, void *arg);
// Parts the WebSocket from its session and closes it.
void websocket_close(struct eio_websocket *websocket, unsigned code);

// server.c
// A turn's flush is a slice of bounded work: what is left is done in the next turn, after what has
// become readable meanwhile.
void server_note_work(struct eio_server *server, size_t bytes);
NODISCARD bool server_has_worked_enough(const struct eio_server *server);
struct eio_session *server_find(struct eio_server *server, struct span sid);
void server_open_session(struct eio_session *session, const struct http_request *request);
// Checks what a handshake or a request with a sid must fulfil. `session` is NULL for a handshake.
NODISCARD bool server_verify(struct eio_server *server, const struct http_request *request,
                             bool is_websocket, struct eio_session **session,
                             struct eio_refusal *refusal);
void server_refuse(struct http_exchange *exchange, const struct eio_refusal *refusal);
