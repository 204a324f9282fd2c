#include <stdlib.h>

#include "common/mem.h"
#include "edge/socketio/socketio_internal.h"

static void bury(struct sio_socket *socket, enum socket_state state)
{
    struct sio_client *client = socket->client;

    if (socket->state == SOCKET_CONNECTED) {
        socket->nsp->socket_count--;
        metric_sub(&client->server->metrics->sockets, 1);
    }
    socket->state = state;
    client->socket_count--;
    list_unlink(&socket->entry);
    list_append(&client->server->ended, &socket->entry);
    deadline_arm(&client->server->reap, &client->server->reap_due);
    if (client->socket_count == 0 && client->was_connected)
        client_on_nowhere(client);
}

static bool is_gone(const struct sio_socket *socket)
{
    return socket->state == SOCKET_REFUSED || socket->state == SOCKET_ENDED;
}

void socket_end(struct sio_socket *socket, const char *reason)
{
    socket->end_reason = reason;
    bury(socket, SOCKET_ENDED);
}

void socket_refuse(struct sio_socket *socket)
{
    bury(socket, SOCKET_REFUSED);
}

void socket_finish(struct sio_socket *socket)
{
    struct sio_namespace *nsp = socket->nsp;

    list_unlink(&socket->entry);
    socket_cancel_acks(socket);
    if (socket->state == SOCKET_ENDED && !socket->admission && nsp->handlers.on_disconnect)
        nsp->handlers.on_disconnect(socket, socket->end_reason, nsp->handlers.arg);
    rooms_leave_all(nsp->rooms, &socket->member);
    if (socket->data && nsp->handlers.free_data)
        nsp->handlers.free_data(socket->data);
    free(socket->admission);
    free(socket);
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
    struct frame *frame = sio_encode_event_at(namespace_name(socket->nsp), name, args,
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
    struct frame *frame =
        sio_encode_event_with(namespace_name(socket->nsp), name, args, NULL, attachments, count);
    sio_socket_send(socket, frame);
    frame_unref(frame);
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
        sio_encode_ack(namespace_name(socket->nsp), ack_id, args, attachments, count);
    eio_session_send(socket->session, frame);
    frame_unref(frame);
}

void sio_socket_disconnect(struct sio_socket *socket)
{
    if (is_gone(socket))
        return;
    struct frame *frame = sio_encode_disconnect(namespace_name(socket->nsp));
    eio_session_send(socket->session, frame);
    frame_unref(frame);
    socket_end(socket, "server namespace disconnect");
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

bool sio_socket_is_recoverable(const struct sio_socket *socket)
{
    return socket->recoverable;
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

void *sio_socket_data(const struct sio_socket *socket)
{
    return socket->data;
}

void sio_socket_set_data(struct sio_socket *socket, void *data)
{
    socket->data = data;
}
