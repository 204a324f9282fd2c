// Writing to a WebSocket's socket: frames of the engine, and ahead of them what is our own, the
// reply to the handshake, a pong, the close frame.
//
// What the socket does not take stays where it is, ours in the connection and the engine's with the
// engine, until the socket is writable again.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// Something waits that goes ahead of whatever is written next.
bool websocket_has_backlog(const struct websocket_connection *connection);

// True when the engine's frames may follow.
bool websocket_can_write(const struct websocket_connection *connection);
// Writes frames of the engine, and returns how many of the bytes the socket took.
size_t websocket_write_frames(struct websocket_connection *connection, struct span frames);

// Writes bytes of our own, behind those that wait. They must not cut a frame in two.
void websocket_write_own(struct websocket_connection *connection, struct span bytes);
// Sends what waits of our own, as far as it goes.
void websocket_send_own(struct websocket_connection *connection);
// Sends the reply to the handshake, if it still waits for frames to go with.
void websocket_send_reply(struct websocket_connection *connection);

// Makes the pong to this ping, in place of one that was not sent yet.
void websocket_answer_ping(struct websocket_connection *connection, struct span payload);
// Sends it unless there is a backlog.
void websocket_send_pong(struct websocket_connection *connection);

// Ends the stream at once, in both directions. The library notices in its own time and closes then.
void websocket_abort(struct websocket_connection *connection);
