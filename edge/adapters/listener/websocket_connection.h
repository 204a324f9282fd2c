// One WebSocket connection, as shared by the files that serve it:
//
//     websocket_server ──▶ websocket_handshake      the opening handshake's reply
//           └──▶ websocket_reader ──▶ websocket_closing ──▶ websocket_writer
//
// An upgraded connection begins with the reply to its handshake, which is sent together with the
// session's first frames. It ends with the closing handshake (RFC 6455, 7): a close frame behind
// what is partly sent, the end of our side of the stream, then the end of the client's.
#pragma once

#include "common/buffer.h"
#include "edge/adapters/listener/listener_options.h"
#include "edge/websocket/receiver.h"

struct lws;

// What all connections of the server have in common.
struct websocket_shared {
    struct listener_metrics *metrics;
    struct deadline_queue close_due, message_due;
    struct ws_inflater *inflater;
};

// libwebsockets allocates one for each connection and zeroes it.
struct websocket_connection {
    struct eio_websocket engine;
    struct lws *wsi;
    struct websocket_shared *shared; // NULL until it was adopted
    struct ws_receiver receiver;
    struct buffer own;  // bytes to send that are not the engine's: the reply to the handshake, a
                        // pong, the close frame
    struct buffer pong; // the frame that answers the last ping, until it is moved to `own`
    size_t held;        // bytes of `receiver` that are charged to the budget
    size_t held_then;   // `held` when `timeout` was armed
    struct deadline timeout; // for a message to become whole, or for the client to close
    int fd;
    unsigned close_code; // of the closing handshake that has begun; 0: none has
    bool close_frame_written;
    bool open;           // attached to the engine
    bool wants_writable; // the library was asked for a call
    bool full;           // the socket took less than it was given
    bool reply_waits;    // the reply to the handshake stands in `own`
};

static inline struct websocket_connection *websocket_connection_of(struct eio_websocket *engine)
{
    return container_of(engine, struct websocket_connection, engine);
}

// Asks the library for a call once the socket takes more. In websocket_server.c, which knows the
// library.
void websocket_want_writable(struct websocket_connection *connection);
