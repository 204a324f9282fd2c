// A socket: one client in one namespace. Sends events and acks to it, joins and leaves rooms, and
// disconnects it.
//
// A socket exists from its CONNECT until on_disconnect, or until it is refused. Handlers may keep
// the pointer until then; free_data is the last call with it. Between the socket's end and
// free_data all functions may still be called; they send nothing.
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

// Emits an event to one socket. `args` are JSON values with commas between them. An event that is
// sent before sio_socket_accept() goes out before the CONNECT reply.
void sio_socket_emit(struct sio_socket *socket, struct span name, struct span args);
// Emits an event with `offset` as a further argument if the socket is recoverable. The socket keeps
// `moment`, see struct sio_broadcast.
void sio_socket_emit_at(struct sio_socket *socket, struct span name, struct span args,
                        struct span offset, uint64_t moment);
// Emits an event with up to SIO_ATTACHMENTS_MAX binary attachments, for which `args` have
// placeholders. Copies the attachments.
void sio_socket_emit_binary(struct sio_socket *socket, struct span name, struct span args,
                            const struct span *attachments, uint32_t count);
// Sends a frame that was encoded for this socket's namespace. Borrows it.
void sio_socket_send(struct sio_socket *socket, struct frame *frame);
// Sends the ack of an event. Does nothing if `ack_id` is SIO_NO_ACK. Call at most once per event.
void sio_socket_ack(struct sio_socket *socket, uint64_t ack_id, struct span args);
void sio_socket_ack_binary(struct sio_socket *socket, uint64_t ack_id, struct span args,
                           const struct span *attachments, uint32_t count);

// Emits an event with an ack id and calls `on_answer` exactly once, later. Returns false, without
// sending or calling anything, if the socket is not connected or waits for SIO_ACKS_MAX acks.
NODISCARD bool sio_socket_emit_with_ack(struct sio_socket *socket, struct span name,
                                        struct span args, sio_ack_fn on_answer, void *arg);

// Adds the client to a rate limit that it shares with all clients of the same key, besides its own.
// Only the first call for a client has an effect.
void sio_socket_share_rate(struct sio_socket *socket, struct span key);

// Ends the socket with a DISCONNECT packet: official clients do not reconnect by themselves then.
void sio_socket_disconnect(struct sio_socket *socket);
// Ends the whole client by closing its transport: official clients reconnect by themselves.
void sio_socket_close_transport(struct sio_socket *socket, enum eio_close_reason reason);

enum rooms_join sio_socket_join(struct sio_socket *socket, struct span room);
bool sio_socket_leave(struct sio_socket *socket, struct span room);
bool sio_socket_is_in(const struct sio_socket *socket, struct span room);
// The bytes that the layer above keeps with a membership: room_note_bytes of them, zeroed at the
// join. NULL if the socket is not in the room.
void *sio_socket_room_note(const struct sio_socket *socket, struct span room);
void sio_socket_each_room(const struct sio_socket *socket, room_name_fn visit, void *arg);

const char *sio_socket_id(const struct sio_socket *socket);
struct ip_text sio_socket_peer(const struct sio_socket *socket); // see eio_session_peer()
unsigned sio_socket_version(const struct sio_socket *socket);    // Engine.IO revision: 3 or 4
struct sio_namespace *sio_socket_namespace(const struct sio_socket *socket);
// The moment of the last event with an offset that the socket was sent, or the value that was set
// since; 0 at first.
uint64_t sio_socket_moment(const struct sio_socket *socket);
void sio_socket_set_moment(struct sio_socket *socket, uint64_t moment);
bool sio_socket_is_connected(const struct sio_socket *socket); // accepted and not ended
// Valid until the caller returns to the event loop. Without sio_options.keep_handshake all fields
// are empty from the turn after a socket of the client was first accepted.
struct sio_handshake sio_socket_handshake(const struct sio_socket *socket);
void *sio_socket_data(const struct sio_socket *socket);
void sio_socket_set_data(struct sio_socket *socket, void *data);

// ---- for socketio's own files

// Creates a socket in the state CONNECTING, with a new id.
NODISCARD struct sio_socket *sio__socket_new(struct sio_client *client, struct sio_namespace *nsp);
// Mark the socket as ended or refused; sio__socket_reap() frees it later. `reason` must be a
// constant.
void sio__socket_end(struct sio_socket *socket, const char *reason);
void sio__socket_mark_refused(struct sio_socket *socket);
// Calls on_disconnect for all sockets that have ended, removes them from their rooms and frees
// them.
void sio__socket_reap(struct sio_server *server);
