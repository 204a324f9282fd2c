// Plain HTTP connections, by libmicrohttpd on the edge's loop: requests become exchanges, which
// may be answered at once or held for long-polling.
//
// It refuses heads that the library lets pass (two Content-Lengths, a length beside chunks), bounds
// bodies and the time they may take, answers CORS preflights, and adds the CORS headers to every
// reply. A client that goes away while its exchange is held is noticed through a second epoll,
// because the library does not watch suspended connections.
#pragma once

#include "edge/adapters/listener/arrivals.h"
#include "edge/adapters/listener/http_server_handlers.h"
#include "edge/http/request_head.h"

struct http_server;

NODISCARD struct http_server *http_server_new(const struct listener_options *options,
                                              const struct http_server_handlers *handlers,
                                              struct event_loop *loop,
                                              struct listener_metrics *metrics);
// Serves the connection from its first byte. Takes over the descriptor.
void http_server_adopt(struct http_server *server, const struct arrival *arrival);
// Closes up to `count` connections that wait for their next request, longest wait first, at the end
// of this turn of the loop; only those of `address` unless it is NULL. Returns how many.
size_t http_server_close_idle(struct http_server *server, size_t count,
                              const struct key_count *address);
// Ends every connection; no exchange may be held any more. The loop closes the handles later.
void http_server_close(struct http_server *server);
// Call after http_server_close(), once the loop has closed the handles. NULL is ignored.
void http_server_free(struct http_server *server);
