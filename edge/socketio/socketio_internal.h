// The structs of servers, namespaces, clients and sockets, for socketio's own files only. Internal
// functions have the prefix sio__ and are declared in the header of their file.
//
// A socket's life:
//
//     CONNECTING ──accept──▶ CONNECTED ──DISCONNECT, session closed──▶ ENDED ──reap──▶ freed
//          │                                                             ▲
//          └────────── refuse (no on_disconnect then) ───────────────────┘
//
// While CONNECTING, a socket passes the middleware of its namespace (middleware.h). Ending a socket
// only marks it and moves it to server->ended. sio__socket_reap() calls on_disconnect and frees it:
// when a session was closed, and otherwise in the next turn of the loop. So no handler frees a
// socket that its caller still uses.
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
    struct list ended; // of struct sio_socket
    struct deadline reap;
    struct deadline_queue reap_due;       // the next turn
    struct deadline_queue settle_due;     // the next turn
    struct deadline_queue connect_due;    // for clients without a socket
    struct deadline_queue attachment_due; // for clients in the middle of a binary packet
    struct deadline_queue answer_due;     // for acks that the server waits for
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
    struct list sockets; // those in the state CONNECTED
    size_t socket_count; // of them
    uint64_t emissions;  // to several rooms, so far
    size_t name_len;
    char name[];
};

// A client: one Engine.IO session, with a socket in each namespace that it connected to.
struct sio_client {
    struct sio_server *server;
    struct eio_session *session;
    struct list sockets; // sockets that have not ended
    unsigned socket_count;
    bool was_connected;                  // a CONNECT was accepted at some time
    bool has_left_all;                   // the client has left its last namespace since
    struct deadline deadline;            // see client_deadline.h
    struct binary_packet *binary_packet; // the one that is being received
    uint32_t discarded;                  // attachments to discard, of a refused binary packet
    struct sio__handshake *handshake;    // NULL once it was dropped, see client_deadline.h
};

enum socket_state { SOCKET_CONNECTING = 0, SOCKET_CONNECTED, SOCKET_REFUSED, SOCKET_ENDED };

// Laid out without gaps, for an edge has many sockets. What a delivery reads and writes comes first
// and together: it visits all members of a room, and each line of the cache that it needs counts.
struct sio_socket {
    uint64_t moment;             // see sio_socket_moment()
    struct eio_session *session; // that of the client; a broadcast needs no other field of it
    enum socket_state state : 8;
    bool recoverable : 1; // gets offsets
    bool introduced : 1;  // on_connect was called, so on_disconnect will be
    uint16_t id_len;
    unsigned ack_count; // length of `acks`
    uint64_t emission;  // number of the last one to several rooms that has come by
    struct sio_namespace *nsp;
    struct room_member member;
    struct sio_client *client;
    struct list entry;        // in client->sockets or server->ended
    struct list of_namespace; // in nsp->sockets while CONNECTED
    const char *end_reason;
    struct sio__middleware_run *middleware_run; // NULL once the middleware is done
    void *data;
    struct list acks; // of struct pending_ack, oldest first
    uint64_t next_ack_id;
    char id[]; // with a NUL behind it
};
