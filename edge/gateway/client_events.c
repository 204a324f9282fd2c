#define LOG_MODULE "client_events"

#include "edge/gateway/client_events.h"

#include <string.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/json_view.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/rooms/claim_rooms.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/gateway/rooms/room_request.h"
#include "edge/socketio/namespace.h"

// True if clients may ask to be in the room, or to leave it.
static bool is_for_the_asking(const struct client_events *events, struct span room)
{
    return room_types_of(events->types, room)->join != ROOM_JOIN_NONE;
}

// Sets *room to the room that an event names, stored in events->room. If the event names none,
// sends an error as ack and returns false.
static bool take_room(struct client_events *events, const struct client *client,
                      const struct sio_event *event, struct span *room)
{
    enum room_request result = room_request_read(event->args, events->types, &events->room);

    if (result == ROOM_REQUEST_OK &&
        !authorization_can_ask(events->joins->authorization, buffer_span(&events->room)))
        result = ROOM_REQUEST_BAD_ID;
    if (result != ROOM_REQUEST_OK) {
        client_ack_error(events->acks, client, ack_of(event), room_request_str(result));
        return false;
    }
    *room = buffer_span(&events->room);
    return true;
}

// The same for a room that clients may ask for.
static bool take_asked_room(struct client_events *events, const struct client *client,
                            const struct sio_event *event, struct span *room)
{
    if (!take_room(events, client, event, room))
        return false;
    if (is_for_the_asking(events, *room))
        return true;
    client_ack_error(events->acks, client, ack_of(event), room_request_str(ROOM_REQUEST_BAD_TYPE));
    return false;
}

static void on_join_room(struct client_events *events, struct client *client,
                         const struct sio_event *event)
{
    struct span room;

    if (take_asked_room(events, client, event, &room))
        joins_ask(events->joins, client, ack_of(event), room);
}

// The same for a room that the client is in because it has asked, when the rooms of its type were
// for the asking: in another file than the one that there is now.
static bool take_own_room(struct client_events *events, const struct client *client,
                          const struct sio_event *event, struct span *room)
{
    if (room_request_read(event->args, NULL, &events->room) != ROOM_REQUEST_OK)
        return false;
    *room = buffer_span(&events->room);
    return joins_include(client, *room) && !room_name_is_user(*room) &&
           !room_note_is_by_action(client, *room) &&
           !authorization_lets_enter(events->joins->authorization, client->identity, *room);
}

static void on_leave_room(struct client_events *events, struct client *client,
                          const struct sio_event *event)
{
    struct span room;

    if (take_own_room(events, client, event, &room) ||
        take_asked_room(events, client, event, &room))
        joins_leave(events->joins, client, ack_of(event), room);
}

// Limits how many typing events a room is sent, since each goes to all members. The sender gets its
// ack all the same: a typing event too few does no harm.
static void tell_typing(struct client_events *events, struct client *client,
                        const struct sio_event *event, const char *told)
{
    struct span room;

    if (!take_room(events, client, event, &room))
        return;
    if (!joins_include(client, room)) {
        client_ack_error(events->acks, client, ack_of(event), "Not in room");
        return;
    }
    client_ack_success(client, ack_of(event));
    if (sio_namespace_allows_delivery(sio_socket_namespace(client->socket), room))
        room_events_emit(events->room_events, client, room, told);
    else
        metric_add(&events->metrics->typing_left_out, 1);
}

static void on_typing(struct client_events *events, struct client *client,
                      const struct sio_event *event)
{
    tell_typing(events, client, event, "user_typing");
}

static void on_stop_typing(struct client_events *events, struct client *client,
                           const struct sio_event *event)
{
    tell_typing(events, client, event, "user_stop_typing");
}

// ---- events of the gateway's file

// An event to a room names it beside its data. Other events have all of their first argument as
// data. Empty: there is none.
static struct span data_of(const struct sio_event *event, const struct client_event_type *type)
{
    struct json_walk walk = json_walk_over(event->args);
    struct json_view first = {0}, value, data = {0};
    struct span name;

    if (!json_walk_element(&walk, &first) || !type->to_room)
        return first.raw;
    if (first.kind != JSON_KIND_OBJECT)
        return data.raw;
    walk = json_walk_into(first);
    while (json_walk_member(&walk, &name, &value))
        if (json_string_is(name, SPAN_LIT("data")))
            data = value;
    return data.raw;
}

#define OWN_RATES_BYTES (CLIENT_EVENTS_MAX * sizeof(struct token_bucket))

static bool is_within_rate(struct client_events *events, struct client *client,
                           const struct client_event_type *type)
{
    const struct token_rate rate = {type->per_second, type->per_second};

    if (!client->own_rates)
        client->own_rates = mem_zalloc(OWN_RATES_BYTES);
    else if (client->own_generation != events->generation)
        memset(client->own_rates, 0, OWN_RATES_BYTES); // they were of other events
    client->own_generation = events->generation;
    return token_bucket_take(&client->own_rates[type - events->own->items], &rate, 1,
                             clock_monotonic_ms());
}

// Returns why the event goes nowhere; NULL if it may. Each refusal but of those who are not in the
// room, and of those with attachments, has its counter. `room` is empty for an event to services
// alone.
static const char *fault_of(struct client_events *events, struct client *client,
                            const struct sio_event *event, const struct client_event_type *type,
                            struct span room, struct span data)
{
    struct sio_namespace *nsp = sio_socket_namespace(client->socket);

    if (type->to_room && !joins_include(client, room))
        return "Not in room";
    if (type->exchange && event->attachment_count > 0)
        return "Binary data is not supported";
    if (data.len > type->max_bytes) {
        metric_add(&events->metrics->own_too_big, 1);
        return "Payload too large";
    }
    if (!is_within_rate(events, client, type)) {
        metric_add(&events->metrics->own_too_many, 1);
        return "Too many events";
    }
    if (type->to_room && !sio_namespace_allows_delivery(nsp, room)) {
        metric_add(&events->metrics->own_left_out, 1);
        return "Too many events";
    }
    return NULL;
}

// What services do not get, because it is refused at once, the members do not get either.
static void on_own_event(struct client_events *events, struct client *client,
                         const struct sio_event *event, const struct client_event_type *type)
{
    struct span data = data_of(event, type), room = {0};

    if (type->to_room && !take_room(events, client, event, &room))
        return;
    const char *fault = fault_of(events, client, event, type, room, data);
    if (!fault && type->exchange)
        fault = client_uplink_send(events->uplink, client,
                                   &(struct client_uplink_event){type, room, data, ack_of(event)});
    if (fault) {
        client_ack_error(events->acks, client, ack_of(event), fault);
        return;
    }
    if (!type->exchange)
        client_ack_success(client, ack_of(event));
    if (type->to_room)
        room_events_emit_data(events->room_events, client, room, type->as, data);
}

// ----

static void on_refresh_token(struct client_events *events, struct client *client,
                             const struct sio_event *event)
{
    token_refresh_handle(&events->token_refresh, client, event);
}

typedef void (*client_event_fn)(struct client_events *events, struct client *client,
                                const struct sio_event *event);

static const struct {
    const char *name;
    client_event_fn handle;
} handlers[EVENT_OWN] = {
    [EVENT_JOIN_ROOM] = {"join_room", on_join_room},
    [EVENT_LEAVE_ROOM] = {"leave_room", on_leave_room},
    [EVENT_TYPING] = {"typing", on_typing},
    [EVENT_STOP_TYPING] = {"stop_typing", on_stop_typing},
    [EVENT_REFRESH_TOKEN] = {"refresh_token", on_refresh_token},
};

void client_events_fini(struct client_events *events)
{
    buffer_fini(&events->room);
}

void client_events_handle(struct client_events *events, struct client *client,
                          const struct sio_event *event)
{
    const struct client_event_type *own = NULL;
    size_t kind = 0;

    while (kind < EVENT_OWN && !span_is(event->name, handlers[kind].name))
        kind++;
    if (kind == EVENT_OWN && !(own = client_event_types_find(events->own, event->name)))
        kind = EVENT_KINDS;
    metric_add(&events->metrics->events[kind], 1);
    if (own)
        on_own_event(events, client, event, own);
    else if (kind < EVENT_OWN)
        handlers[kind].handle(events, client, event);
    else
        log_debug("ignoring an unknown event socket=%s event=" SPAN_FMT,
                  sio_socket_id(client->socket), SPAN_ARG(event->name));
}

void client_events_forget(struct client_events *events, struct client *client)
{
    joins_forget(events->joins, client);
    client_uplink_forget(client);
}
