// An Engine.IO server (protocol revisions 4 and 3): opens sessions, finds them again, keeps their
// heartbeats and flushes them.
//
// It has no sockets: adapters bring it HTTP exchanges (here) and WebSockets (websocket.h), and it
// answers through them. It has no timers either: the loop runs the deadlines that it was given, and
// calls eio_server_flush() once per turn, when everything readable has been handled.
#pragma once

#include "common/deadlines.h"
#include "edge/engineio/options.h"
#include "edge/http/exchange.h"

struct eio_server;

// Borrows `clock` and `metrics` for its lifetime; copies the rest.
NODISCARD struct eio_server *eio_server_new(const struct eio_options *options,
                                            const struct eio_handlers *handlers,
                                            struct deadlines *clock, struct eio_metrics *metrics);
// All sessions must have ended: closed by eio_server_close_some(), and flushed. Those that linger
// are freed here. NULL is ignored.
void eio_server_free(struct eio_server *server);

// The largest body in bytes that a request may have, of which only the head need be there. For a
// POST it is the session's largest message, less if the client is a stranger; otherwise 0.
size_t eio_server_body_max(struct eio_server *server, const struct http_request *request);

// Answers a request to the server's path, now or later: a handshake, a GET or POST of long-polling,
// or an error.
void eio_server_on_http(struct eio_server *server, struct http_exchange *exchange);

// Writes what this turn queued and frees the sessions that ended. Call it once per turn. It does a
// bounded amount of work: false when some is left, and the loop should begin its next turn without
// sleeping.
bool eio_server_flush(struct eio_server *server);

// Refuses new handshakes with 503 from now on. Open sessions continue.
void eio_server_refuse_new(struct eio_server *server);
// Closes up to `count` open sessions, oldest first. Returns how many it closed.
size_t eio_server_close_some(struct eio_server *server, size_t count, enum eio_close_reason reason);
struct eio_backlog eio_server_backlog(const struct eio_server *server);

// True while deliveries are held back, to share a write with those to come (see flush_pace.h).
bool eio_server_holds(const struct eio_server *server);

size_t eio_server_session_count(const struct eio_server *server); // open ones

// For adapters: the budget to which they charge bytes that they receive for sessions (NULL: no
// limit), and the compression that a WebSocket may negotiate.
struct memory_budget *eio_server_memory(const struct eio_server *server);
const struct eio_compression *eio_server_compression(const struct eio_server *server);
