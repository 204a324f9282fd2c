// Reading from a WebSocket: the bytes become messages for the engine, pings are answered, and what
// breaks the protocol ends the connection.
//
// A message that is not whole yet counts in the budget of memory, and must get on: one that takes
// too long ends its connection too.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// Bytes that came.
void websocket_read(struct websocket_connection *connection, struct ws_input input);
// Drops the message that is not whole, and gives its bytes back to the budget.
void websocket_drop_message(struct websocket_connection *connection);

// For the deadlines of `message_due`; `arg` is the struct websocket_shared.
void websocket_on_message_late(struct deadline *deadline, void *arg);
