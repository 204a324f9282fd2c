#include "edge/socketio/namespace.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/session.h"
#include "edge/socketio/packet.h"
#include "edge/socketio/socketio_internal.h"

struct span sio_namespace_name(const struct sio_namespace *nsp)
{
    return (struct span){nsp->name, nsp->name_len};
}

struct sio_namespace *sio__namespace_find(const struct sio_server *server, struct span name)
{
    list_for_each (entry, &server->namespaces) {
        struct sio_namespace *nsp = list_entry(entry, struct sio_namespace, entry);
        if (span_eq(sio_namespace_name(nsp), name))
            return nsp;
    }
    return NULL;
}

struct sio_namespace *sio_server_add_namespace(struct sio_server *server, const char *name,
                                               const struct sio_handlers *handlers)
{
    size_t len = strlen(name);
    struct sio_namespace *nsp = mem_zalloc(sizeof(*nsp) + len);

    assert(name[0] == '/' && len <= SIO_NAMESPACE_MAX);
    assert(!sio__namespace_find(server, span_of(name)));
    nsp->server = server;
    nsp->handlers = *handlers;
    nsp->rooms = rooms_new(server->options.max_rooms_per_socket, server->options.room_note_bytes);
    nsp->name_len = len;
    memcpy(nsp->name, name, len);
    list_init(&nsp->sockets);
    list_append(&server->namespaces, &nsp->entry);
    return nsp;
}

void sio__namespace_free(struct sio_namespace *nsp)
{
    list_unlink(&nsp->entry);
    rooms_free(nsp->rooms);
    free(nsp);
}

bool sio_namespace_allows_delivery(struct sio_namespace *nsp, struct span room)
{
    uint32_t per_second = nsp->server->options.max_deliveries_per_room_per_second;
    struct token_rate rate = {per_second, per_second < UINT32_MAX / SIO_ROOM_BURST_SECONDS
                                              ? per_second * SIO_ROOM_BURST_SECONDS
                                              : UINT32_MAX};

    return rooms_take_deliveries(nsp->rooms, room, &rate, deadlines_now(nsp->server->clock));
}

struct emission {
    struct sio_namespace *nsp;
    const struct sio_broadcast *event;
    struct span except;
    struct frame *plain, *with_offset; // NULL: not encoded yet, no member has needed it
    size_t count;
};

static struct frame *frame_for(struct emission *emission, bool recoverable)
{
    const struct sio_broadcast *event = emission->event;
    bool with_offset = recoverable && event->offset.len > 0;
    struct frame **frame = with_offset ? &emission->with_offset : &emission->plain;

    if (!*frame)
        *frame = sio_encode_event_at(sio_namespace_name(emission->nsp), event->name, event->args,
                                     with_offset ? event->offset : (struct span){0});
    return *frame;
}

// Sending may close a slow client. Its sockets leave their rooms only in sio__socket_reap(), so the
// walk over the members stays valid.
static void emit_to_member(struct room_member *member, void *arg)
{
    struct sio_socket *socket = container_of(member, struct sio_socket, member);
    struct emission *emission = arg;

    if (socket->state != SOCKET_CONNECTED)
        return;
    if (span_eq((struct span){socket->id, socket->id_len}, emission->except))
        return;
    eio_session_deliver(socket->session, frame_for(emission, socket->recoverable));
    if (socket->recoverable)
        socket->moment = emission->event->moment;
    emission->count++;
}

static size_t end_emission(struct emission *emission)
{
    frame_unref(emission->plain);
    frame_unref(emission->with_offset);
    metric_add(&emission->nsp->server->metrics->deliveries, emission->count);
    return emission->count;
}

size_t sio_namespace_emit(struct sio_namespace *nsp, struct room *room, struct span except,
                          const struct sio_broadcast *event)
{
    struct emission emission = {.nsp = nsp, .event = event, .except = except};

    rooms_visit(nsp->rooms, room, emit_to_member, &emission);
    return end_emission(&emission);
}

// A member of an earlier room has the number of this emission already.
static void emit_once(struct room_member *member, void *arg)
{
    struct sio_socket *socket = container_of(member, struct sio_socket, member);
    const struct emission *emission = arg;

    if (socket->emission == emission->nsp->emissions)
        return;
    socket->emission = emission->nsp->emissions;
    emit_to_member(member, arg);
}

size_t sio_namespace_emit_to_union(struct sio_namespace *nsp, struct span first,
                                   const struct span *more, size_t more_count, struct span except,
                                   const struct sio_broadcast *event)
{
    struct emission emission = {.nsp = nsp, .event = event, .except = except};

    nsp->emissions++;
    rooms_each_member(nsp->rooms, first, emit_once, &emission);
    for (size_t i = 0; i < more_count; i++)
        rooms_each_member(nsp->rooms, more[i], emit_once, &emission);
    return end_emission(&emission);
}

size_t sio_namespace_emit_to_all(struct sio_namespace *nsp, struct span except,
                                 const struct sio_broadcast *event)
{
    struct emission emission = {.nsp = nsp, .event = event, .except = except};

    list_for_each (node, &nsp->sockets)
        emit_to_member(&list_entry(node, struct sio_socket, of_namespace)->member, &emission);
    return end_emission(&emission);
}

struct visit {
    void (*fn)(struct sio_socket *socket, void *arg);
    void *arg;
};

static void visit_member(struct room_member *member, void *arg)
{
    struct sio_socket *socket = container_of(member, struct sio_socket, member);
    const struct visit *visit = arg;

    if (socket->state == SOCKET_CONNECTED)
        visit->fn(socket, visit->arg);
}

void sio_namespace_each_in(struct sio_namespace *nsp, struct span room,
                           void (*visit)(struct sio_socket *socket, void *arg), void *arg)
{
    struct visit wrapped = {visit, arg};

    rooms_each_member(nsp->rooms, room, visit_member, &wrapped);
}

size_t sio_namespace_socket_count(const struct sio_namespace *nsp)
{
    return nsp->socket_count;
}

struct rooms *sio_namespace_rooms(struct sio_namespace *nsp)
{
    return nsp->rooms;
}
