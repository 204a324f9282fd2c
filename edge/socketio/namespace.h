// A namespace: a part of the server with handlers, sockets and rooms of its own.
#pragma once

#include "edge/socketio/options.h"
#include "edge/socketio/rooms.h"

struct sio_namespace;
struct sio_server;

// `name` begins with '/' and is copied. Add all namespaces before the first client.
struct sio_namespace *sio_server_add_namespace(struct sio_server *server, const char *name,
                                               const struct sio_handlers *handlers);

// For events that may be dropped, such as "is typing". Returns false if the event should be
// dropped, because the room has reached its limit; otherwise counts one delivery for each member.
// The limit is max_deliveries_per_room_per_second, with SIO_ROOM_BURST_SECONDS' worth at once.
NODISCARD bool sio_namespace_allows_delivery(struct sio_namespace *nsp, struct span room);
#define SIO_ROOM_BURST_SECONDS 4
// An event for the members of a room. Recoverable sockets get `offset`, a text without characters
// to be escaped, as a further argument; the others get the event without it. Each of the two forms
// is encoded at most once. If `offset` is empty, all sockets get the same form. `moment` is the
// caller's number for the offset; each recoverable socket keeps the last one.
struct sio_broadcast {
    struct span name, args;
    struct span offset;
    uint64_t moment;
};
// Emits to the connected members of a room except the socket with the id `except` (empty: to all).
// `room` is the result of rooms_find() and must not be kept longer. Encodes the event when the
// first member needs it. Returns the number of sockets that got it.
size_t sio_namespace_emit(struct sio_namespace *nsp, struct room *room, struct span except,
                          const struct sio_broadcast *event);
// The same for the members of `first` or any of `more`. A socket that is in several of these rooms
// gets the event once. Rooms without members may be among them.
size_t sio_namespace_emit_to_union(struct sio_namespace *nsp, struct span first,
                                   const struct span *more, size_t more_count, struct span except,
                                   const struct sio_broadcast *event);
// The same for every connected socket of the namespace.
size_t sio_namespace_emit_to_all(struct sio_namespace *nsp, struct span except,
                                 const struct sio_broadcast *event);
// Calls `visit` for each connected socket in the room. The visitor may disconnect the visited
// socket.
void sio_namespace_each_in(struct sio_namespace *nsp, struct span room,
                           void (*visit)(struct sio_socket *socket, void *arg), void *arg);
size_t sio_namespace_socket_count(const struct sio_namespace *nsp);
struct rooms *sio_namespace_rooms(struct sio_namespace *nsp);
struct span sio_namespace_name(const struct sio_namespace *nsp);

// ---- for socketio's own files

// NULL if there is no namespace of this name.
struct sio_namespace *sio__namespace_find(const struct sio_server *server, struct span name);
void sio__namespace_free(struct sio_namespace *nsp);
