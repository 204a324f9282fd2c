// CONNECT: how a client gets into a namespace, and its two answers. (Socket.IO 5, "Connection to a
// namespace".)
#pragma once

#include "edge/socketio/packet.h"

struct sio_client;
struct sio_socket;

// Lets the socket in: sends the CONNECT reply. Events come from now on. Nothing happens if the
// socket was accepted, refused or ended before.
void sio_socket_accept(struct sio_socket *socket);
// The same for a socket whose session can be recovered later, by that `pid`: from now on it gets
// the offsets of events (see struct sio_broadcast). `id` is the id that it has had before, of
// SIO_ID_LEN bytes; empty: it keeps the one that it has. For Engine.IO 4 alone.
void sio_socket_accept_recoverable(struct sio_socket *socket, struct span id, struct span pid);
// Answers CONNECT_ERROR {"message":…} (the bare string for Engine.IO 3). `message` is plain text.
// `socket` is not used afterwards.
void sio_socket_refuse(struct sio_socket *socket, struct span message);

// ---- for socketio's own files

// Makes the socket that a CONNECT packet asks for and starts its middleware, or answers why not.
void sio__connect(struct sio_client *client, const struct sio_packet *packet);
// Answers a CONNECT packet of which only the prefix was decoded.
void sio__connect_refuse(struct sio_client *client, const struct sio_packet *packet,
                         struct span message);
