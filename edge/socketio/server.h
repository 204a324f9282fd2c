// A Socket.IO server: namespaces with handlers, sockets, rooms and acks on top of Engine.IO.
//
// A client (one Engine.IO session) has one socket in each namespace that it connected to. The
// handlers of a namespace decide who may connect and what events mean; this library knows
// nothing of either.
#pragma once

#include "edge/engineio/server.h"
#include "edge/engineio/session.h"
#include "edge/socketio/packet.h"
#include "edge/socketio/rooms.h"

struct sio_server;
struct sio_namespace;
struct sio_socket;

#define SIO_ID_LEN 20

struct sio_options {
    // An event over the rates of the engine is answered {"error":"Rate limit exceeded"} if it asks
    // for an ack, a CONNECT with that error.
    struct eio_options engine;
    uint32_t connect_timeout_ms; // a client that connected to no namespace by then is closed
    uint32_t ack_timeout_ms;     // for answers to the server's own events; 0: 30 s
    uint32_t max_rooms_per_socket;
    uint32_t max_namespaces_per_client;
    // What sio_namespace_allows_delivery() grants a room; 0: all.
    uint32_t max_deliveries_per_room_per_second;
    // Keep handshakes (see sio_socket_handshake) for as long as the client is there, not only
    // until its first socket is in.
    bool keep_handshake;
    // Of what the layer above notes for each room of a socket (see sio_socket_room_note); 0:
    // nothing.
    uint32_t room_note_bytes;
};

// What is known of the HTTP request that opened the client's session. Empty spans when absent.
struct sio_handshake {
    struct span authorization; // the header's value
    struct span query;
    struct span peer;
    struct span user_agent;
};

// An event from a client. Borrowed until the handler returns.
struct sio_event {
    struct span name; // plain text, escapes resolved
    struct span args; // JSON values with commas between them; placeholders stand for attachments
    uint32_t arg_count;
    bool wants_ack;
    uint64_t ack_id; // SIO_NO_ACK when none is wanted
    const struct span *attachments;
    uint32_t attachment_count;
};

#define SIO_NO_ACK UINT64_MAX

// While one client's binary event is under way (text first, then its attachments):
// its parts together may have eio_options.max_payload bytes, and the next one must come within
// this time. Beyond either the client is closed.
#define SIO_ATTACHMENT_WAIT_MS 60000

// All calls into the layer above. A malformed or misplaced packet ends the client with
// EIO_PARSE_ERROR and never gets here; so does an event that comes before its CONNECT was
// accepted.
struct sio_handlers {
    // A client asks to connect with this auth payload ("" when it sent none, else a JSON object),
    // and the namespace's middleware has let it pass.
    // Answer with sio_socket_accept() or sio_socket_refuse(), now or later.
    void (*on_connect)(struct sio_socket *socket, struct span auth, void *arg);
    void (*on_event)(struct sio_socket *socket, const struct sio_event *event, void *arg);
    // Once for each socket whose on_connect was called and that was not refused; its rooms are
    // still there to be read. Freed afterwards. Never called from inside a sio_socket_*() function,
    // but later in the loop's turn or in the next one. May be NULL.
    void (*on_disconnect)(struct sio_socket *socket, const char *reason, void *arg);
    // Frees what sio_socket_set_data() left with a socket that is about to be freed, also with one
    // that was refused or never got as far as on_connect. May be NULL.
    void (*free_data)(void *data);
    void *arg;
};

// One step on a client's way into a namespace, before on_connect: a check of its own, which says
// sio_socket_next() or sio_socket_refuse(), now or later. `auth` is borrowed as by on_connect. A
// socket may end while a step takes its time: whoever answers later learns that by free_data.
typedef void (*sio_middleware_fn)(struct sio_socket *socket, struct span auth, void *arg);

#define SIO_MIDDLEWARE_MAX 8

struct sio_metrics {
    metric sockets; // connected now
    metric connects, connects_refused;
    struct histogram connect_ms; // from a session's opening until its first socket was accepted
    metric events_in, acks_in, bad_packets;
    metric connect_timeouts;
    metric log_left_out; // lines, see peer_log.h
    metric deliveries;   // frames queued for sockets by broadcasts and emits
};

NODISCARD struct sio_server *
sio_server_new(const struct sio_options *options,
               bool (*allow_request)(const struct http_request *, void *), void *allow_arg,
               struct deadlines *clock, struct sio_metrics *metrics,
               struct eio_metrics *engine_metrics);
void sio_server_free(struct sio_server *server);

// The engine beneath, for the ports and for the flush of each turn.
struct eio_server *sio_server_engine(struct sio_server *server);

// `name` begins with '/' and is copied. Add all namespaces before the first client.
struct sio_namespace *sio_server_add_namespace(struct sio_server *server, const char *name,
                                               const struct sio_handlers *handlers);
// Steps are asked in the order in which they were added, each once the one before it has said next.
// Add all of them, at most SIO_MIDDLEWARE_MAX, before the first client.
void sio_namespace_use(struct sio_namespace *nsp, sio_middleware_fn ask, void *arg);

// The step that the socket is at lets it on: to the next one, or to on_connect. Nothing when it is
// at none, or was refused.
void sio_socket_next(struct sio_socket *socket);
// Lets the socket in: sends the CONNECT reply. Events come from now on.
void sio_socket_accept(struct sio_socket *socket);
// The same for a socket whose session can be recovered later, by that `pid`: from now on it gets
// the offsets of events (see struct sio_broadcast). `id` is the id that it has had before, of
// SIO_ID_LEN bytes; empty: it keeps the one that it has. For Engine.IO 4 alone.
void sio_socket_accept_recoverable(struct sio_socket *socket, struct span id, struct span pid);
// Answers CONNECT_ERROR {"message":…} (the bare string for Engine.IO 3). `message` is plain text.
// `socket` is not used afterwards.
void sio_socket_refuse(struct sio_socket *socket, struct span message);

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

// How an event of the server's own that asked for an answer ended.
enum sio_ack_result { SIO_ACK_ANSWERED = 0, SIO_ACK_TIMED_OUT, SIO_ACK_DISCONNECTED };

// `answer` is an event without a name; NULL unless it was answered. Borrowed until return.
typedef void (*sio_ack_fn)(struct sio_socket *socket, enum sio_ack_result result,
                           const struct sio_event *answer, void *arg);

#define SIO_ACKS_MAX 64

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
// What the layer above notes with a membership: room_note_bytes bytes, zeroed when the room is
// joined. NULL when the socket is not in the room.
void *sio_socket_room_note(const struct sio_socket *socket, struct span room);
void sio_socket_each_room(const struct sio_socket *socket, room_name_fn visit, void *arg);

const char *sio_socket_id(const struct sio_socket *socket);
struct ip_text sio_socket_peer(const struct sio_socket *socket); // see eio_session_peer()
unsigned sio_socket_version(const struct sio_socket *socket);    // Engine.IO revision: 3 or 4
struct sio_namespace *sio_socket_namespace(const struct sio_socket *socket);
// Whether it was accepted as one that can be recovered, and the moment of the last event with an
// offset that it was sent; 0: none, or it was set so.
bool sio_socket_is_recoverable(const struct sio_socket *socket);
uint64_t sio_socket_moment(const struct sio_socket *socket);
void sio_socket_set_moment(struct sio_socket *socket, uint64_t moment);
bool sio_socket_is_connected(const struct sio_socket *socket); // accepted and not ended
// Valid until the caller returns to the loop. Without sio_options.keep_handshake it is all empty
// once a socket of the client was accepted and the turn is over.
struct sio_handshake sio_socket_handshake(const struct sio_socket *socket);
void *sio_socket_data(const struct sio_socket *socket);
void sio_socket_set_data(struct sio_socket *socket, void *data);

// Queues the frame for every connected member of the room but the socket whose id is `except`
// (empty: nobody is left out). Borrows the frame. Returns how many got it.
size_t sio_namespace_broadcast(struct sio_namespace *nsp, struct span room, struct span except,
                               struct frame *frame);
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
// Emits to the members of a room that rooms_find() has found, in the same call. The event is
// encoded when the first member needs it. Returns how many got it.
size_t sio_namespace_emit(struct sio_namespace *nsp, struct room *room, struct span except,
                          const struct sio_broadcast *event);
// Calls `visit` for each connected socket in the room; the visitor may disconnect the visited one.
void sio_namespace_each_in(struct sio_namespace *nsp, struct span room,
                           void (*visit)(struct sio_socket *socket, void *arg), void *arg);
size_t sio_namespace_socket_count(const struct sio_namespace *nsp);
struct rooms *sio_namespace_rooms(struct sio_namespace *nsp);
struct span sio_namespace_name(const struct sio_namespace *nsp);
