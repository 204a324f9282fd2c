// Writes to a WebSocket's socket: the engine's frames, and ahead of them our own bytes: the reply
// to the handshake, a pong, the close frame.
//
// Until the socket is writable again, what it did not take stays where it was: our own bytes in the
// connection, frames with the engine.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// True if bytes wait that must be sent ahead of whatever is written next.
bool websocket_has_backlog(const struct websocket_connection *connection);

// True when the engine's frames may follow.
bool websocket_can_write(const struct websocket_connection *connection);
// Writes frames of the engine, in up to WRITE_BATCH_MAX_FRAMES pieces, and returns how many of
// their bytes are done with: the socket took them, or they wait in `own` behind the reply to the
// handshake. The pieces are shared by many connections. They are not copied, but for what goes with
// that reply.
size_t websocket_write_frames(struct websocket_connection *connection, const struct span *pieces,
                              uint32_t count);

// Writes our own bytes, behind those that wait. No frame of the engine may be partly sent then.
void websocket_write_own(struct websocket_connection *connection, struct span bytes);
// Sends our own bytes that wait, as far as the socket takes them.
void websocket_send_own(struct websocket_connection *connection);
// Sends the reply to the handshake, if it still waits for frames to go with.
void websocket_send_reply(struct websocket_connection *connection);

// Makes the pong to this ping. It replaces one that was not sent yet.
void websocket_answer_ping(struct websocket_connection *connection, struct span payload);
// Sends the reply to the handshake if it still waits, and the pong unless there is a backlog.
void websocket_send_pong(struct websocket_connection *connection);

// Shuts the socket down in both directions. The library notices that later and closes it.
void websocket_abort(struct websocket_connection *connection);
