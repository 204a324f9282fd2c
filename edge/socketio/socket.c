#include "edge/socketio/socket.h"

#include <stdlib.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "common/random.h"
#include "edge/socketio/client_deadline.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/packet.h"
#include "edge/socketio/socketio_internal.h"

// Other clients see the socket's id, so it must not be the session id, which is a secret. With
// Engine.IO 4 it is random. With Engine.IO 3 it is the session's public name, and has the form that
// Socket.IO 2 gives it: behind the namespace and '#', unless the namespace is "/".
static void make_id(const struct sio_client *client, struct span nsp, struct buffer *out)
{
    char id[RANDOM_ID_LEN + 1];

    if (eio_session_version(client->session) != 3) {
        random_id(id);
        buffer_append(out, (struct span){id, SIO_ID_LEN});
        return;
    }
    if (!span_is(nsp, "/")) {
        buffer_append(out, nsp);
        buffer_append_char(out, '#');
    }
    buffer_append(out, span_of(eio_session_name(client->session).text));
}

struct sio_socket *sio__socket_new(struct sio_client *client, struct sio_namespace *nsp)
{
    struct buffer id = {0};

    make_id(client, sio_namespace_name(nsp), &id);
    struct sio_socket *socket = mem_zalloc(sizeof(*socket) + id.len + 1);
    memcpy(socket->id, id.ptr, id.len);
    socket->id_len = (uint16_t)id.len;
    buffer_fini(&id);

    socket->nsp = nsp;
    socket->session = client->session;
    socket->client = client;
    room_member_init(&socket->member);
    list_init(&socket->acks);
    list_append(&client->sockets, &socket->entry);
    client->socket_count++;
    return socket;
}

// Moves the socket from its client to the server's list of ended sockets. Calls no handler and
// frees nothing: the caller may still use the socket.
static void mark_ended(struct sio_socket *socket, enum socket_state state)
{
    struct sio_client *client = socket->client;

    if (socket->state == SOCKET_CONNECTED) {
        socket->nsp->socket_count--;
        list_unlink(&socket->of_namespace);
        metric_sub(&client->server->metrics->sockets, 1);
    }
    socket->state = state;
    client->socket_count--;
    list_unlink(&socket->entry);
    list_append(&client->server->ended, &socket->entry);
    deadline_arm(&client->server->reap, &client->server->reap_due);
    if (client->socket_count == 0 && client->was_connected)
        sio__client_on_last_left(client);
}

static bool is_gone(const struct sio_socket *socket)
{
    return socket->state == SOCKET_REFUSED || socket->state == SOCKET_ENDED;
}

void sio__socket_end(struct sio_socket *socket, const char *reason)
{
    socket->end_reason = reason;
    mark_ended(socket, SOCKET_ENDED);
}

void sio__socket_mark_refused(struct sio_socket *socket)
{
    mark_ended(socket, SOCKET_REFUSED);
}

// on_disconnect comes before the rooms are left, because it reads them.
static void finish(struct sio_socket *socket)
{
    struct sio_namespace *nsp = socket->nsp;

    list_unlink(&socket->entry);
    sio__ack_cancel_all(socket);
    if (socket->state == SOCKET_ENDED && socket->introduced && nsp->handlers.on_disconnect)
        nsp->handlers.on_disconnect(socket, socket->end_reason, nsp->handlers.arg);
    rooms_leave_all(nsp->rooms, &socket->member);
    if (socket->data && nsp->handlers.free_data)
        nsp->handlers.free_data(socket->data);
    sio__middleware_forget(socket);
    free(socket);
}

// A handler may end further sockets, so this goes on until none is left.
void sio__socket_reap(struct sio_server *server)
{
    while (!list_empty(&server->ended))
        finish(list_entry(server->ended.next, struct sio_socket, entry));
    deadline_cancel(&server->reap);
}

void sio_socket_send(struct sio_socket *socket, struct frame *frame)
{
    if (is_gone(socket))
        return;
    metric_add(&socket->nsp->server->metrics->deliveries, 1);
    eio_session_send(socket->session, frame);
}

void sio_socket_emit(struct sio_socket *socket, struct span name, struct span args)
{
    sio_socket_emit_binary(socket, name, args, NULL, 0);
}

void sio_socket_emit_at(struct sio_socket *socket, struct span name, struct span args,
                        struct span offset, uint64_t moment)
{
    if (is_gone(socket))
        return;
    struct frame *frame = sio_encode_event_at(sio_namespace_name(socket->nsp), name, args,
                                              socket->recoverable ? offset : (struct span){0});
    sio_socket_send(socket, frame);
    frame_unref(frame);
    if (offset.len > 0)
        socket->moment = moment;
}

void sio_socket_emit_binary(struct sio_socket *socket, struct span name, struct span args,
                            const struct span *attachments, uint32_t count)
{
    if (is_gone(socket))
        return;
    struct frame *frame = sio_encode_event_with(sio_namespace_name(socket->nsp), name, args, NULL,
                                                attachments, count);
    sio_socket_send(socket, frame);
    frame_unref(frame);
}

bool sio_socket_emit_with_ack(struct sio_socket *socket, struct span name, struct span args,
                              sio_ack_fn on_answer, void *arg)
{
    if (socket->state != SOCKET_CONNECTED || socket->ack_count >= SIO_ACKS_MAX)
        return false;

    uint64_t id = sio__ack_expect(socket, on_answer, arg);
    struct frame *frame =
        sio_encode_event_with(sio_namespace_name(socket->nsp), name, args, &id, NULL, 0);
    sio_socket_send(socket, frame);
    frame_unref(frame);
    return true;
}

void sio_socket_ack(struct sio_socket *socket, uint64_t ack_id, struct span args)
{
    sio_socket_ack_binary(socket, ack_id, args, NULL, 0);
}

void sio_socket_ack_binary(struct sio_socket *socket, uint64_t ack_id, struct span args,
                           const struct span *attachments, uint32_t count)
{
    if (ack_id == SIO_NO_ACK || is_gone(socket))
        return;
    struct frame *frame =
        sio_encode_ack(sio_namespace_name(socket->nsp), ack_id, args, attachments, count);
    eio_session_send(socket->session, frame);
    frame_unref(frame);
}

void sio_socket_disconnect(struct sio_socket *socket)
{
    if (is_gone(socket))
        return;
    struct frame *frame = sio_encode_disconnect(sio_namespace_name(socket->nsp));
    eio_session_send(socket->session, frame);
    frame_unref(frame);
    sio__socket_end(socket, "server namespace disconnect");
}

void sio_socket_share_rate(struct sio_socket *socket, struct span key)
{
    eio_session_share_rate(socket->session, key);
}

void sio_socket_close_transport(struct sio_socket *socket, enum eio_close_reason reason)
{
    eio_session_close(socket->session, reason);
}

enum rooms_join sio_socket_join(struct sio_socket *socket, struct span room)
{
    return rooms_join(socket->nsp->rooms, &socket->member, room);
}

bool sio_socket_leave(struct sio_socket *socket, struct span room)
{
    return rooms_leave(socket->nsp->rooms, &socket->member, room);
}

bool sio_socket_is_in(const struct sio_socket *socket, struct span room)
{
    return rooms_is_in(socket->nsp->rooms, &socket->member, room);
}

void *sio_socket_room_note(const struct sio_socket *socket, struct span room)
{
    return rooms_note(socket->nsp->rooms, &socket->member, room);
}

void sio_socket_each_room(const struct sio_socket *socket, room_name_fn visit, void *arg)
{
    rooms_each_of(&socket->member, visit, arg);
}

const char *sio_socket_id(const struct sio_socket *socket)
{
    return socket->id;
}

struct ip_text sio_socket_peer(const struct sio_socket *socket)
{
    return eio_session_peer(socket->session);
}

unsigned sio_socket_version(const struct sio_socket *socket)
{
    return eio_session_version(socket->session);
}

struct sio_namespace *sio_socket_namespace(const struct sio_socket *socket)
{
    return socket->nsp;
}

uint64_t sio_socket_moment(const struct sio_socket *socket)
{
    return socket->moment;
}

void sio_socket_set_moment(struct sio_socket *socket, uint64_t moment)
{
    socket->moment = moment;
}

bool sio_socket_is_connected(const struct sio_socket *socket)
{
    return socket->state == SOCKET_CONNECTED;
}

struct sio_handshake sio_socket_handshake(const struct sio_socket *socket)
{
    return sio__handshake_view(socket->client->handshake);
}

void *sio_socket_data(const struct sio_socket *socket)
{
    return socket->data;
}

void sio_socket_set_data(struct sio_socket *socket, void *data)
{
    socket->data = data;
}
