// What a program gives a Socket.IO server: its options, the handlers that a namespace calls, and
// the metrics that the server counts.
#pragma once

#include "edge/engineio/options.h"

struct sio_socket;

struct sio_options {
    // Above the rate limits of the engine, an event with an ack id is answered with
    // {"error":"Rate limit exceeded"} and a CONNECT with a CONNECT_ERROR of that message.
    struct eio_options engine;
    uint32_t connect_timeout_ms; // closes a client that is in no namespace by then
    uint32_t ack_timeout_ms;     // for clients' answers to the server's events; 0: 30 s
    uint32_t max_rooms_per_socket;
    uint32_t max_namespaces_per_client;
    // For sio_namespace_allows_delivery(); 0: no limit.
    uint32_t max_deliveries_per_room_per_second;
    // Keep handshakes (see sio_socket_handshake) as long as the client, not only until its first
    // socket is accepted.
    bool keep_handshake;
    // The part of a handshake's cookies that sio_socket_handshake() returns as `cookie`, called
    // with `cookie_arg`. Borrowed from the request. NULL: none.
    struct span (*cookie_of)(const struct http_request *request, void *arg);
    void *cookie_arg;
    // Bytes that the layer above keeps with each membership of a room (see sio_socket_room_note).
    uint32_t room_note_bytes;
};

// An event from a client. Borrowed until the handler returns.
struct sio_event {
    struct span name; // plain text, escapes resolved
    struct span args; // JSON values with commas between them; placeholders for attachments
    uint32_t arg_count;
    bool wants_ack;
    uint64_t ack_id; // SIO_NO_ACK if no ack is wanted
    const struct span *attachments;
    uint32_t attachment_count;
};

#define SIO_NO_ACK UINT64_MAX

// While a binary packet is being received (text first, then its attachments), the next attachment
// must come within this time, and all parts together may have eio_options.max_payload bytes.
// Otherwise the client is closed.
#define SIO_ATTACHMENT_WAIT_MS 60000

// The calls into the layer above. A malformed or misplaced packet, or an event before its CONNECT
// was accepted, closes the client with EIO_PARSE_ERROR instead.
struct sio_handlers {
    // A client asks to connect and has passed the middleware. `auth` is a JSON object, or empty if
    // the client sent none. Answer with sio_socket_accept() or sio_socket_refuse(), now or later.
    void (*on_connect)(struct sio_socket *socket, struct span auth, void *arg);
    void (*on_event)(struct sio_socket *socket, const struct sio_event *event, void *arg);
    // Called once for each socket whose on_connect was called and that was not refused. The socket
    // is still in its rooms, and is freed afterwards. Never called from within a sio_socket_*()
    // function, but later in the same turn or in the next one. May be NULL.
    void (*on_disconnect)(struct sio_socket *socket, const char *reason, void *arg);
    // Frees the data of a socket that is about to be freed (sio_socket_set_data), whether it was
    // accepted, refused, or never got to on_connect. May be NULL.
    void (*free_data)(void *data);
    void *arg;
};

// A step of the middleware, before on_connect. It calls sio_socket_next() or sio_socket_refuse(),
// now or later, and borrows `auth` until it returns. A step that answers later must stop when
// free_data is called: the socket may end before.
typedef void (*sio_middleware_fn)(struct sio_socket *socket, struct span auth, void *arg);

#define SIO_MIDDLEWARE_MAX 8

struct sio_metrics {
    metric sockets; // connected now
    metric connects, connects_refused;
    struct histogram connect_ms; // from the opening of a session until its first accepted CONNECT
    metric events_in, acks_in, bad_packets;
    metric connect_timeouts;
    metric log_left_out; // lines that peer_log.h left out
    metric deliveries;   // frames queued for sockets by broadcasts and emits
};
