// The closing handshake (RFC 6455, 7), and the detaching of a connection from the engine.
#pragma once

#include "edge/adapters/listener/websocket_connection.h"

// Begins the closing handshake: sends a close frame with this code behind what is partly sent, and
// gives the client a few seconds (close_due) to close its side.
void websocket_close(struct websocket_connection *connection, unsigned code);
// Continues a closing handshake that has begun, when the socket is writable again.
void websocket_continue_closing(struct websocket_connection *connection);
// Tells the engine, if it knows the connection, that it is gone.
void websocket_leave_engine(struct websocket_connection *connection);

// Handler of `close_due`: the client did not close in time.
void websocket_on_close_late(struct deadline *deadline, void *arg);
