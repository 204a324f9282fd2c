// What echo-server says to its clients: plain Engine.IO, and Socket.IO.
#pragma once

#include "edge/engineio/server.h"
#include "edge/socketio/options.h"

// Sends every message back: text as text, binary as binary.
extern const struct eio_handlers engine_echo;

// On connection emits `auth` with the payload of CONNECT, or {}. Then:
//
//     message              emits `message-back` with the same arguments
//     message-with-ack     acknowledges with the same arguments
//     ask-me-back          emits `question` with the same arguments, to be acknowledged; emits
//                          `answer` with the arguments of the acknowledgement, or `no-answer`
//     disconnect-me        ends the socket
//     close-me             ends the connection
//
// Attachments go along with the arguments of the first two and the answer.
//
// The suites wait for one message at a time, and a client that reads CONNECT's reply and `auth` in
// one go hands over the second before they wait for it. So `auth` follows a moment later.
struct socket_echo {
    struct deadline_queue greetings;
};

void socket_echo_init(struct socket_echo *echo, struct deadlines *clock);
void socket_echo_fini(struct socket_echo *echo);
struct sio_handlers socket_echo_handlers(struct socket_echo *echo);
