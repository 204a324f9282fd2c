// Where clients come in: one port behind which WebSockets go to libwebsockets and plain HTTP to
// libmicrohttpd, both on the edge's loop.
//
//     acceptor ─▶ arrivals (peek at the head) ─┬─▶ websocket_server ─▶ eio_websocket_on_*()
//                                              └─▶ http_server ──────▶ on_http()
#pragma once

#include "edge/adapters/listener/listener_options.h"

// The reason why accepting is paused, as a constant text; NULL if it is not. May be called from any
// thread.
const char *listener_why_paused(const struct listener_metrics *metrics);

struct listener;

// Listens. NULL with one line in the log when the address cannot be had.
NODISCARD struct listener *listener_new(const struct listener_options *options,
                                        const struct listener_handlers *handlers,
                                        struct event_loop *loop, struct listener_metrics *metrics);
// Accepts no further connections; open ones stay.
void listener_stop_accepting(struct listener *listener);
// Ends every connection and closes all handles. All held exchanges must have been answered.
// `on_closed` is called from the loop when that is done; then listener_free() may be called.
void listener_close(struct listener *listener, void (*on_closed)(void *arg), void *arg);
void listener_free(struct listener *listener);
