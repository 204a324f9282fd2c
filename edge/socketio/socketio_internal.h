// The inside of servers, clients and sockets. For socketio's own files only.
//
// A socket's life:
//
//     CONNECTING ──accept──▶ CONNECTED ──DISCONNECT, session closed──▶ ENDED ──reap──▶ freed
//          │                                                             ▲
//          └────────── refuse (no on_disconnect then) ───────────────────┘
//
// While it is CONNECTING it walks through its namespace's middleware first (admission.c).
// Whatever ends a socket only marks it and moves it to the server's `ended`; server_reap() calls
// on_disconnect and frees. It runs when a session was closed, and else in the loop's next turn.
#pragma once

#include "edge/engineio/peer_log.h"
#include "edge/socketio/binary_packet.h"
#include "edge/socketio/server.h"

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

struct middleware {
    sio_middleware_fn ask;
    void *arg;
};

struct sio_namespace {
    struct list entry;
    struct sio_server *server;
    struct sio_handlers handlers;
    struct middleware middleware[SIO_MIDDLEWARE_MAX]; // in the order of asking
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
    bool is_nowhere;          // it was, and has left the last one
    struct deadline deadline; // until it must connect, settle, or send the next attachment
    struct binary_packet *binary_packet; // the binary packet that is under way
    uint32_t unwanted;                   // attachments still to come, of one that was refused
    struct handshake *handshake;         // until it settled, or for good
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
    struct admission *admission; // NULL once on_connect was called
    void *data;
    struct list acks; // of struct pending_ack, oldest first
    uint64_t next_ack_id;
    char id[]; // with a NUL behind it
};

// server.c
struct sio_namespace *server_find_namespace(struct sio_server *server, struct span name);
// Finishes the sockets that ended.
void server_reap(struct sio_server *server);

// handshake.c
NODISCARD struct handshake *handshake_new(const struct http_request *request, uint64_t now_ms,
                                          struct memory_budget *memory);
void handshake_free(struct handshake *handshake);
struct sio_handshake handshake_view(const struct handshake *handshake);
uint64_t handshake_began_ms(const struct handshake *handshake);

// client.c
void client_open(struct sio_server *server, struct eio_session *session,
                 const struct http_request *request);
void client_on_message(struct sio_client *client, enum frame_kind kind, struct span bytes);
// A message over the limits.
void client_on_refused(struct sio_client *client, enum frame_kind kind, struct span bytes);
void client_close(struct sio_client *client, enum eio_close_reason reason);
// It has left its last namespace. Until it connects again it is as one that never did.
void client_on_nowhere(struct sio_client *client);
void client_on_connect_late(struct deadline *deadline, void *arg);
void client_on_settled(struct deadline *deadline, void *arg);
void client_on_attachment_late(struct deadline *deadline, void *arg);
struct sio_socket *client_find_socket(const struct sio_client *client, struct span nsp);

// connect.c
// Makes the socket that a CONNECT packet asks for, or answers why not.
void client_connect(struct sio_client *client, const struct sio_packet *packet);
// Answers a CONNECT packet that is not even looked at.
void client_refuse_connect(struct sio_client *client, const struct sio_packet *packet,
                           struct span message);

// admission.c
// Asks the middleware, and then on_connect. Borrows `auth`.
void socket_admit(struct sio_socket *socket, struct span auth);

// socket.c
void socket_end(struct sio_socket *socket, const char *reason);
void socket_refuse(struct sio_socket *socket);
// Tells the layer above, leaves all rooms, and frees.
void socket_finish(struct sio_socket *socket);
struct span namespace_name(const struct sio_namespace *nsp);

// acks.c
void socket_on_answer(struct sio_socket *socket, uint64_t id, const struct sio_event *answer);
void socket_cancel_acks(struct sio_socket *socket);
void ack_on_late(struct deadline *deadline, void *arg);
