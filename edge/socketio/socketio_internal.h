// The structs of servers, namespaces, clients and sockets. For socketio's own files only; their
// functions stand in the header of the file that has them, with the prefix sio__.
//
// A socket's life:
//
//     CONNECTING ──accept──▶ CONNECTED ──DISCONNECT, session closed──▶ ENDED ──reap──▶ freed
//          │                                                             ▲
//          └────────── refuse (no on_disconnect then) ───────────────────┘
//
// While it is CONNECTING it passes its namespace's middleware (middleware.h). Whatever ends a
// socket only marks it and moves it to the server's `ended`; sio__socket_reap() calls on_disconnect
// and frees. That runs when a session was closed, and otherwise in the loop's next turn, so that no
// handler frees what its caller still uses.
#pragma once

#include "common/deadlines.h"
#include "common/list.h"
#include "edge/engineio/peer_log.h"
#include "edge/socketio/options.h"
#include "edge/socketio/rooms.h"

struct eio_server;
struct eio_session;

struct sio_server {
    struct sio_options options;
    struct eio_server *engine;
    bool (*allow_request)(const struct http_request *, void *);
    void *allow_arg;
    struct sio_metrics *metrics;
    const struct deadlines *clock;
    struct peer_log log_bad_packets, log_rate_limits;
    struct list namespaces;
    size_t client_count;
    struct list ended; // sockets
    struct deadline reap;
    struct deadline_queue reap_due;       // in the next turn
    struct deadline_queue settle_due;     // in the next turn
    struct deadline_queue connect_due;    // of clients without a socket
    struct deadline_queue attachment_due; // of clients in the middle of a binary packet
    struct deadline_queue answer_due;     // of acks
};

struct sio__middleware_step {
    sio_middleware_fn ask;
    void *arg;
};

struct sio_namespace {
    struct list entry;
    struct sio_server *server;
    struct sio_handlers handlers;
    struct sio__middleware_step middleware[SIO_MIDDLEWARE_MAX]; // in the order of calling
    uint32_t middleware_count;
    struct rooms *rooms;
    size_t socket_count; // connected ones
    size_t name_len;
    char name[];
};

// One Engine.IO session.
struct sio_client {
    struct sio_server *server;
    struct eio_session *session;
    struct list sockets; // those that have not ended
    unsigned socket_count;
    bool was_connected;       // to some namespace, at some time
    bool has_left_all;        // it was, and has left the last one
    struct deadline deadline; // until it must connect, settle, or send the next attachment
    struct binary_packet *binary_packet; // the binary packet that is under way
    uint32_t discarded;                  // attachments still to come, of one that was refused
    struct sio__handshake *handshake;    // until it settled, or for good
};

enum socket_state { SOCKET_CONNECTING = 0, SOCKET_CONNECTED, SOCKET_REFUSED, SOCKET_ENDED };

// As in a session: no gaps, and the fields that deliveries read come first.
struct sio_socket {
    struct sio_namespace *nsp;
    struct eio_session *session; // the client's: all that a broadcast needs
    struct room_member member;
    enum socket_state state : 8;
    bool recoverable; // gets offsets
    uint16_t id_len;
    unsigned ack_count;
    uint64_t moment; // of the last offset that it got
    struct sio_client *client;
    struct list entry; // among the client's sockets, or in the server's `ended`
    const char *end_reason;
    struct sio__middleware_run *middleware_run; // NULL once on_connect was called
    void *data;
    struct list acks; // of struct pending_ack, oldest first
    uint64_t next_ack_id;
    char id[]; // with a NUL behind it
};
