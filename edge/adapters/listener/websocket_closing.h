// The closing handshake (RFC 6455, 7), and the end of a connection's part in the engine.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// Sends a close frame with this code behind the rest of what was begun, and gives the client a
// moment to close its side.
void websocket_close(struct websocket_connection *connection, unsigned code);
// The socket takes more: what is left of that, if it has begun.
void websocket_continue_closing(struct websocket_connection *connection);
// Tells the engine, if it knows the connection, that it is gone.
void websocket_leave_engine(struct websocket_connection *connection);

// For the deadlines of `close_due`: the client did not close in time.
void websocket_on_close_late(struct deadline *deadline, void *arg);
