// WebSocket connections. libwebsockets carries their bytes, and what the bytes mean is read and
// written here, by edge/websocket: the library is lax about what clients send.
//
// The port answers the handshake itself, so the library never sees anything of a stranger's HTTP.
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
// the admitted server. Takes over the descriptor, also when that fails. `key` is the
// Sec-WebSocket-Key.
void websocket_server_adopt(struct websocket_server *server, int fd, struct key_count *counted,
                            struct span key, const struct eio_admission *admission,
                            const struct http_request *request);

// Ends every connection at once.
void websocket_server_close(struct websocket_server *server);
// After the loop has run out.
void websocket_server_free(struct websocket_server *server);
