// WebSocket connections. libwebsockets carries their bytes; frames are read and written here, with
// edge/websocket, because the library is lax about what clients send (decision 017).
//
// The handshake is answered here too, so the library never sees any HTTP of a client.
#pragma once

#include "common/key_counter.h"
#include "edge/adapters/listener/listener_options.h"

struct websocket_server;

// `on_gone` is called for each connection that ended. NULL with one log line on failure.
NODISCARD struct websocket_server *
websocket_server_new(const struct listener_options *options, struct event_loop *loop,
                     struct listener_metrics *metrics,
                     void (*on_gone)(struct key_count *counted, void *arg), void *arg);

// Answers the handshake on `fd`, whose request head was read already, and opens the WebSocket at
// the server of the admission. Takes over the descriptor, also when that fails. `key` is the value
// of Sec-WebSocket-Key.
void websocket_server_adopt(struct websocket_server *server, int fd, struct key_count *counted,
                            struct span key, const struct eio_admission *admission,
                            const struct http_request *request);

// Ends every connection at once.
void websocket_server_close(struct websocket_server *server);
// Call after websocket_server_close(), once the loop has closed the handles. NULL is ignored.
void websocket_server_free(struct websocket_server *server);
