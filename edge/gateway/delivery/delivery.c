#include "edge/gateway/delivery/delivery.h"
#include "edge/gateway/delivery/offset.h"
#include "edge/socketio/namespace.h"
#include "edge/socketio/socket.h"

struct position delivery_position(const struct delivery *delivery, unsigned shard)
{
    return log_follower_position(delivery->follower, shard);
}

void delivery_cut(const struct delivery *delivery, struct cut *out)
{
    out->shards = delivery->shards;
    for (unsigned i = 0; i < delivery->shards; i++)
        out->at[i] = delivery_position(delivery, i);
}

// The offset that an event sent now carries; empty when recovery is off.
static struct span offset_now(const struct delivery *delivery, char text[OFFSET_TEXT_MAX])
{
    struct cut cut;

    if (!delivery->tail)
        return (struct span){0};
    delivery_cut(delivery, &cut);
    return (struct span){text, offset_print(&cut, text)};
}

static uint64_t moment_now(const struct delivery *delivery)
{
    return delivery->tail ? log_tail_moment(delivery->tail) : 0;
}

void delivery_emit(struct delivery *delivery, struct sio_socket *socket, struct span name,
                   struct span args)
{
    char text[OFFSET_TEXT_MAX];

    sio_socket_emit_at(socket, name, args, offset_now(delivery, text), moment_now(delivery));
}

static struct sio_broadcast broadcast_of(const struct delivery *delivery,
                                         const struct envelope *envelope,
                                         char text[OFFSET_TEXT_MAX])
{
    return (struct sio_broadcast){
        .name = envelope->event,
        .args = envelope->args,
        .offset = offset_now(delivery, text),
        .moment = moment_now(delivery),
    };
}

// Everybody is in the room "*", without having joined it.
static bool goes_to_all(const struct envelope *envelope)
{
    if (room_is_everybody(envelope->room))
        return true;
    for (size_t i = 0; i < envelope->more_count; i++)
        if (room_is_everybody(envelope->more_rooms[i]))
            return true;
    return false;
}

// With an action, `room` only says on which user.
static struct span first_room(const struct envelope *envelope)
{
    return envelope_acts(envelope) ? (struct span){0} : envelope->room;
}

static bool has_members(const struct delivery *delivery, const struct envelope *envelope)
{
    const struct rooms *rooms = sio_namespace_rooms(delivery->nsp);

    if (rooms_find(rooms, first_room(envelope)))
        return true;
    for (size_t i = 0; i < envelope->more_count; i++)
        if (rooms_find(rooms, envelope->more_rooms[i]))
            return true;
    return false;
}

static void note_delivery(struct delivery *delivery, const struct envelope *envelope,
                          size_t clients)
{
    latency_note(&delivery->latency, envelope, clients);
    metric_add(&delivery->metrics->envelopes_delivered, 1);
}

static void deliver_to_all(struct delivery *delivery, const struct envelope *envelope)
{
    char text[OFFSET_TEXT_MAX];

    if (sio_namespace_socket_count(delivery->nsp) == 0)
        return;
    const struct sio_broadcast event = broadcast_of(delivery, envelope, text);
    note_delivery(delivery, envelope,
                  sio_namespace_emit_to_all(delivery->nsp, envelope->except, &event));
}

static void deliver_to_union(struct delivery *delivery, const struct envelope *envelope)
{
    char text[OFFSET_TEXT_MAX];

    if (!has_members(delivery, envelope))
        return;
    const struct sio_broadcast event = broadcast_of(delivery, envelope, text);
    note_delivery(delivery, envelope,
                  sio_namespace_emit_to_union(delivery->nsp, first_room(envelope),
                                              envelope->more_rooms, envelope->more_count,
                                              envelope->except, &event));
}

// Most envelopes have no members at this edge, so nothing is printed or encoded before the room was
// found.
void delivery_to_members(struct delivery *delivery, const struct envelope *envelope)
{
    char text[OFFSET_TEXT_MAX];

    if (goes_to_all(envelope)) {
        deliver_to_all(delivery, envelope);
        return;
    }
    if (envelope->more_count > 0 || envelope_acts(envelope)) {
        deliver_to_union(delivery, envelope);
        return;
    }
    struct room *room = rooms_find(sio_namespace_rooms(delivery->nsp), envelope->room);
    if (!room)
        return;

    const struct sio_broadcast event = broadcast_of(delivery, envelope, text);
    note_delivery(delivery, envelope,
                  sio_namespace_emit(delivery->nsp, room, envelope->except, &event));
}

// The user gets the event too: it is still in the room that it is taken out of, and in the one that
// it is let into.
static void act(struct delivery *delivery, const struct envelope *envelope)
{
    bool enters = envelope->enters.len > 0;

    if (enters)
        delivery->act(envelope, delivery->act_arg);
    if (envelope->event.len > 0)
        delivery_to_members(delivery, envelope);
    if (!enters)
        delivery->act(envelope, delivery->act_arg);
}

void delivery_from_bus(const struct envelope *envelope, void *arg)
{
    struct delivery *delivery = arg;

    if (span_eq(envelope->origin, delivery->edge_id))
        metric_add(&delivery->metrics->envelopes_own, 1);
    else if (envelope_acts(envelope))
        act(delivery, envelope);
    else
        delivery_to_members(delivery, envelope);
}

void delivery_remember(unsigned shard, const struct envelope *envelope, struct position position,
                       void *arg)
{
    log_tail_append(((struct delivery *)arg)->tail, shard, envelope, position);
}
