// What echo-server says to its clients: plain Engine.IO, and Socket.IO.
#pragma once

#include "edge/engineio/server.h"
#include "edge/socketio/server.h"

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
// Attachments go along with the arguments of the first two.
extern const struct sio_handlers socket_echo;
