// One client in one namespace: what may be sent to it, the rooms that it is in, and its end.
//
// A socket lives from its CONNECT until on_disconnect, or until it is refused; handlers may keep
// the pointer for as long, with free_data as the last call about it. After the socket's end, but
// before it is freed, all functions may be called still: nothing is sent then.
#pragma once

#include "edge/engineio/session.h"
#include "edge/socketio/acks.h"
#include "edge/socketio/handshake.h"
#include "edge/socketio/options.h"
#include "edge/socketio/rooms.h"

struct sio_client;
struct sio_namespace;
struct sio_server;

#define SIO_ID_LEN 20

// Emits to one socket. `args` are JSON values with commas between them. What is sent before
// sio_socket_accept() goes out ahead of the CONNECT reply; after the socket's end nothing does.
void sio_socket_emit(struct sio_socket *socket, struct span name, struct span args);
// The same event with its offset as a further argument, for a socket that gets offsets.
void sio_socket_emit_at(struct sio_socket *socket, struct span name, struct span args,
                        struct span offset, uint64_t moment);
// With up to SIO_ATTACHMENTS_MAX binary attachments, for which `args` have placeholders. Copies.
void sio_socket_emit_binary(struct sio_socket *socket, struct span name, struct span args,
                            const struct span *attachments, uint32_t count);
// Sends a frame that was encoded for this socket's namespace. Borrows it.
void sio_socket_send(struct sio_socket *socket, struct frame *frame);
// Answers an event's ack; nothing when none is wanted. Call at most once for an event.
void sio_socket_ack(struct sio_socket *socket, uint64_t ack_id, struct span args);
void sio_socket_ack_binary(struct sio_socket *socket, uint64_t ack_id, struct span args,
                           const struct span *attachments, uint32_t count);

// Emits an event and calls `on_answer` exactly once, later. False when the socket is not
// connected or waits for SIO_ACKS_MAX answers already: nothing is sent or called then.
NODISCARD bool sio_socket_emit_with_ack(struct sio_socket *socket, struct span name,
                                        struct span args, sio_ack_fn on_answer, void *arg);

// What the socket's client and all others of the same key send counts together as well, beside what
// each sends. Once for a client; further calls mean nothing.
void sio_socket_share_rate(struct sio_socket *socket, struct span key);

// Ends the socket with a DISCONNECT packet: official clients do not come back by themselves.
void sio_socket_disconnect(struct sio_socket *socket);
// Ends the whole client by closing its transport: official clients reconnect.
void sio_socket_close_transport(struct sio_socket *socket, enum eio_close_reason reason);

enum rooms_join sio_socket_join(struct sio_socket *socket, struct span room);
bool sio_socket_leave(struct sio_socket *socket, struct span room);
bool sio_socket_is_in(const struct sio_socket *socket, struct span room);
// What the layer above keeps with a membership: room_note_bytes bytes, zeroed when the room is
// joined. NULL when the socket is not in the room.
void *sio_socket_room_note(const struct sio_socket *socket, struct span room);
void sio_socket_each_room(const struct sio_socket *socket, room_name_fn visit, void *arg);

const char *sio_socket_id(const struct sio_socket *socket);
struct ip_text sio_socket_peer(const struct sio_socket *socket); // see eio_session_peer()
unsigned sio_socket_version(const struct sio_socket *socket);    // Engine.IO revision: 3 or 4
struct sio_namespace *sio_socket_namespace(const struct sio_socket *socket);
// The moment of the last event with an offset that it was sent; 0: none, or it was set so.
uint64_t sio_socket_moment(const struct sio_socket *socket);
void sio_socket_set_moment(struct sio_socket *socket, uint64_t moment);
bool sio_socket_is_connected(const struct sio_socket *socket); // accepted and not ended
// Valid until the caller returns to the loop. Without sio_options.keep_handshake it is all empty
// once a socket of the client was accepted and the turn is over.
struct sio_handshake sio_socket_handshake(const struct sio_socket *socket);
void *sio_socket_data(const struct sio_socket *socket);
void sio_socket_set_data(struct sio_socket *socket, void *data);

// ---- for socketio's own files

// A socket of the client that is CONNECTING, with a new id.
NODISCARD struct sio_socket *sio__socket_new(struct sio_client *client, struct sio_namespace *nsp);
// Mark the socket as ended or refused; sio__socket_reap() frees it later.
void sio__socket_end(struct sio_socket *socket, const char *reason);
void sio__socket_mark_refused(struct sio_socket *socket);
// Calls on_disconnect of the sockets that ended, takes them out of their rooms, and frees them.
void sio__socket_reap(struct sio_server *server);
