// What a program gives a Socket.IO server: its options, the handlers that a namespace calls, and
// the metrics that the server counts.
#pragma once

#include "edge/engineio/options.h"

struct sio_socket;

struct sio_options {
    // An event above the rates of the engine is answered {"error":"Rate limit exceeded"} if it asks
    // for an ack, a CONNECT with CONNECT_ERROR of that message.
    struct eio_options engine;
    uint32_t connect_timeout_ms; // a client that connected to no namespace by then is closed
    uint32_t ack_timeout_ms;     // for answers to the server's own events; 0: 30 s
    uint32_t max_rooms_per_socket;
    uint32_t max_namespaces_per_client;
    // What sio_namespace_allows_delivery() grants a room; 0: all.
    uint32_t max_deliveries_per_room_per_second;
    // Keep handshakes (see sio_socket_handshake) for as long as the client is there, not only
    // until its first socket is in.
    bool keep_handshake;
    // What the layer above keeps with each room of a socket (see sio_socket_room_note); 0:
    // nothing.
    uint32_t room_note_bytes;
};

// An event from a client. Borrowed until the handler returns.
struct sio_event {
    struct span name; // plain text, escapes resolved
    struct span args; // JSON values with commas between them; placeholders stand for attachments
    uint32_t arg_count;
    bool wants_ack;
    uint64_t ack_id; // SIO_NO_ACK when none is wanted
    const struct span *attachments;
    uint32_t attachment_count;
};

#define SIO_NO_ACK UINT64_MAX

// While one client's binary event is under way (text first, then its attachments):
// its parts together may have eio_options.max_payload bytes, and the next one must come within
// this time. Beyond either the client is closed.
#define SIO_ATTACHMENT_WAIT_MS 60000

// All calls into the layer above. A malformed or misplaced packet ends the client with
// EIO_PARSE_ERROR and never gets here; so does an event that comes before its CONNECT was
// accepted.
struct sio_handlers {
    // A client asks to connect with this auth payload ("" when it sent none, else a JSON object),
    // and the namespace's middleware has let it pass.
    // Answer with sio_socket_accept() or sio_socket_refuse(), now or later.
    void (*on_connect)(struct sio_socket *socket, struct span auth, void *arg);
    void (*on_event)(struct sio_socket *socket, const struct sio_event *event, void *arg);
    // Once for each socket whose on_connect was called and that was not refused; its rooms are
    // still there to be read. Freed afterwards. Never called from inside a sio_socket_*() function,
    // but later in the loop's turn or in the next one. May be NULL.
    void (*on_disconnect)(struct sio_socket *socket, const char *reason, void *arg);
    // Frees what sio_socket_set_data() left with a socket that is about to be freed, also with one
    // that was refused or never got as far as on_connect. May be NULL.
    void (*free_data)(void *data);
    void *arg;
};

// One step on a client's way into a namespace, before on_connect: a check of its own, which calls
// sio_socket_next() or sio_socket_refuse(), now or later. `auth` is borrowed as by on_connect. A
// socket may end while a step takes its time: whoever answers later learns that by free_data.
typedef void (*sio_middleware_fn)(struct sio_socket *socket, struct span auth, void *arg);

#define SIO_MIDDLEWARE_MAX 8

struct sio_metrics {
    metric sockets; // connected now
    metric connects, connects_refused;
    struct histogram connect_ms; // from a session's opening until its first socket was accepted
    metric events_in, acks_in, bad_packets;
    metric connect_timeouts;
    metric log_left_out; // lines, see peer_log.h
    metric deliveries;   // frames queued for sockets by broadcasts and emits
};
