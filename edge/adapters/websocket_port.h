// WebSocket connections, by libwebsockets.
//
// It never sees what a client wrote before the handshake was judged: the port reads the request
// head off the socket itself and gives the library a minimal one of its own making.
#pragma once

#include "edge/adapters/client_port.h"

struct websocket_port;

// `max_connections` is what the whole process may have open at its client port. `on_gone` is
// called for each connection that ended. NULL with one log line on failure.
NODISCARD struct websocket_port *websocket_port_new(struct event_loop *loop,
                                                    uint32_t max_connections,
                                                    struct client_port_metrics *metrics,
                                                    void (*on_gone)(void *arg), void *arg);

// Does the handshake on `fd`, whose request head was read already, and opens the WebSocket at
// `engine`. Takes over the descriptor, also when that fails. `key` is the Sec-WebSocket-Key.
void websocket_port_adopt(struct websocket_port *port, int fd, struct span key,
                          struct eio_server *engine, const struct http_request *request);

// Ends every connection at once.
void websocket_port_close(struct websocket_port *port);
// After the loop has run out.
void websocket_port_free(struct websocket_port *port);
