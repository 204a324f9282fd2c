// The handlers of echo-server, for plain Engine.IO and for Socket.IO.
#pragma once

#include "edge/engineio/server.h"
#include "edge/socketio/options.h"

// Sends each message back: text as text, binary as binary.
extern const struct eio_handlers engine_echo;

// On connection emits `auth` with the payload of CONNECT, or {}. Then answers these events:
//
//     message              emits `message-back` with the same arguments
//     message-with-ack     acknowledges with the same arguments
//     ask-me-back          emits `question` with the same arguments, to be acknowledged; emits
//                          `answer` with the arguments of the acknowledgement, or `no-answer`
//     disconnect-me        ends the socket
//     close-me             ends the connection
//
// The first two and `answer` return attachments as well.
//
// The suites begin to wait for one message after the other. A client that reads the CONNECT reply
// and `auth` at once passes on `auth` before the suite waits for it, so `auth` is sent a moment
// later.
struct socket_echo {
    struct deadline_queue greetings;
};

void socket_echo_init(struct socket_echo *echo, struct deadlines *clock);
void socket_echo_fini(struct socket_echo *echo);
struct sio_handlers socket_echo_handlers(struct socket_echo *echo);
