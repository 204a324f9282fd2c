// One WebSocket connection, as the files that serve it share it:
//
//     websocket_server ──▶ websocket_handshake      the opening handshake's reply
//           └──▶ websocket_reader ──▶ websocket_closing ──▶ websocket_writer
//
// An upgraded connection begins with the reply to its handshake, which waits for the session's
// first frames to go out together with them. It ends with the closing handshake (RFC 6455, 7): a
// close frame behind what was begun, the end of our side of the stream, then the client's end.
#pragma once

#include "common/buffer.h"
#include "common/key_counter.h"
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
    struct key_count *counted;       // as its address
    struct ws_receiver receiver;
    struct buffer own;  // what is not the engine's and was not sent: the reply to the handshake,
                        // which waits for the first frames; a pong; the close frame
    struct buffer pong; // a frame, the answer to the last ping, while there is a backlog
    size_t held;        // of `receiver`, as the budget knows it
    size_t held_then;   // when `patience` began
    struct deadline patience; // with a message that is not whole yet, or with a close
    int fd;
    unsigned close_code; // of the closing handshake that has begun; 0: none has
    bool close_frame_written;
    bool open; // the engine knows it
    bool wants_writable;
    bool full;        // the socket took less than it was given
    bool reply_waits; // the reply to the handshake stands in `own`
};

static inline struct websocket_connection *websocket_connection_of(struct eio_websocket *engine)
{
    return container_of(engine, struct websocket_connection, engine);
}

// Asks the library for a call once the socket takes more. In websocket_server.c, the one file that
// knows the library.
void websocket_want_writable(struct websocket_connection *connection);
