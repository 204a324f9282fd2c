// Reads from a WebSocket: passes messages to the engine, answers pings, and ends a connection that
// breaks the protocol.
//
// A message that is not whole yet is charged to the memory budget, and has a deadline: one that
// takes too long ends its connection too.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// Handles bytes that have come, which are changed: they are unmasked in place.
void websocket_read(struct websocket_connection *connection, struct ws_input input);
// Drops the message that is not whole, and gives its bytes back to the budget.
void websocket_drop_message(struct websocket_connection *connection);

// Handler of `message_due`; `arg` is the struct websocket_shared.
void websocket_on_message_late(struct deadline *deadline, void *arg);
