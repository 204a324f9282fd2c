// A namespace: a part of the server with handlers, sockets and rooms of its own.
#pragma once

#include "edge/socketio/options.h"
#include "edge/socketio/rooms.h"

struct sio_namespace;
struct sio_server;

// `name` begins with '/' and is copied. Add all namespaces before the first client.
struct sio_namespace *sio_server_add_namespace(struct sio_server *server, const char *name,
                                               const struct sio_handlers *handlers);

// Whether the room's members may be told something that can be left out as well, like that somebody
// is typing. Takes a delivery to each from what the room may cause: so many a second, and
// SIO_ROOM_BURST_SECONDS' worth at once.
NODISCARD bool sio_namespace_allows_delivery(struct sio_namespace *nsp, struct span room);
#define SIO_ROOM_BURST_SECONDS 4
// An event for the members of a room. Those that can be recovered get `offset`, a text without
// characters to be escaped, as a further argument; the others get the event without it. It is
// encoded at most once either way. `moment` is the caller's own number of the offset, kept with
// each socket that got it. With an empty offset there is one form for all.
struct sio_broadcast {
    struct span name, args;
    struct span offset;
    uint64_t moment;
};
// Emits to the connected members of a room that rooms_find() has found, in the same call, but not
// to the socket whose id is `except` (empty: nobody is left out). The event is encoded when the
// first member needs it. Returns how many got it.
size_t sio_namespace_emit(struct sio_namespace *nsp, struct room *room, struct span except,
                          const struct sio_broadcast *event);
// Calls `visit` for each connected socket in the room; the visitor may disconnect the visited one.
void sio_namespace_each_in(struct sio_namespace *nsp, struct span room,
                           void (*visit)(struct sio_socket *socket, void *arg), void *arg);
size_t sio_namespace_socket_count(const struct sio_namespace *nsp);
struct rooms *sio_namespace_rooms(struct sio_namespace *nsp);
struct span sio_namespace_name(const struct sio_namespace *nsp);

// ---- for socketio's own files

// NULL if there is none of this name.
struct sio_namespace *sio__namespace_find(const struct sio_server *server, struct span name);
void sio__namespace_free(struct sio_namespace *nsp);
