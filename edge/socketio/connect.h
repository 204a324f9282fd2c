// Handles CONNECT, by which a client gets into a namespace, and sends the two answers to it.
// (Socket.IO protocol 5, "Connection to a namespace".)
#pragma once

#include "edge/socketio/packet.h"

struct sio_client;
struct sio_socket;

// Lets the socket in: sends the CONNECT reply. Does nothing if the socket was accepted, refused or
// ended before.
void sio_socket_accept(struct sio_socket *socket);
// Lets in a socket whose session can be recovered later by `pid`: from now on it gets the offsets
// of events (see struct sio_broadcast). `id` is the socket's id of SIO_ID_LEN bytes from before the
// recovery; empty: the socket keeps its new id. For Engine.IO 4 only.
void sio_socket_accept_recoverable(struct sio_socket *socket, struct span id, struct span pid);
// Refuses the socket: sends CONNECT_ERROR with {"message":…} (a bare string for Engine.IO 3).
// `message` is plain text. The caller must not use `socket` afterwards.
void sio_socket_refuse(struct sio_socket *socket, struct span message);

// ---- for socketio's own files

// Creates the socket for a CONNECT packet and starts its middleware, or answers CONNECT_ERROR.
void sio__connect(struct sio_client *client, const struct sio_packet *packet);
// Answers CONNECT_ERROR. Of `packet` only the prefix needs to be decoded.
void sio__connect_refuse(struct sio_client *client, const struct sio_packet *packet,
                         struct span message);
