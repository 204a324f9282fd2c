// A Socket.IO server (protocol revision 5, and 4 for Engine.IO 3 clients): namespaces with
// handlers, sockets, rooms and acks on top of Engine.IO.
//
// A client (one Engine.IO session) has one socket in each namespace that it connected to. The
// handlers of a namespace decide who may connect and what events mean. See namespace.h, socket.h,
// and for the way of a socket into a namespace middleware.h and connect.h.
#pragma once

#include "common/deadlines.h"
#include "edge/socketio/options.h"

struct eio_server;
struct sio_server;

// `allow_request` is eio_handlers.allow_request, called with `allow_arg`; NULL: any request.
// Borrows `clock` and both metrics for its lifetime; copies the options.
NODISCARD struct sio_server *
sio_server_new(const struct sio_options *options,
               bool (*allow_request)(const struct http_request *, void *), void *allow_arg,
               struct deadlines *clock, struct sio_metrics *metrics,
               struct eio_metrics *engine_metrics);
// All clients must be gone: see eio_server_free().
void sio_server_free(struct sio_server *server);

// The Engine.IO server below, for the adapters and for the flush of each turn.
struct eio_server *sio_server_engine(struct sio_server *server);
