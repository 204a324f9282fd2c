#define LOG_MODULE "client_events"

#include "edge/gateway/client_events.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json_view.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/room_name.h"
#include "edge/gateway/room_request.h"

// An ack that a client waits for, or not.
struct ack {
    bool wanted;
    uint64_t id;
};

static struct ack ack_of(const struct sio_event *event)
{
    return (struct ack){event->wants_ack, event->ack_id};
}

static void answer(const struct client *client, struct ack ack, struct span args)
{
    if (ack.wanted)
        sio_socket_ack(client->socket, ack.id, args);
}

static void answer_success(const struct client *client, struct ack ack)
{
    answer(client, ack, SPAN_LIT("{\"success\":true}"));
}

static void answer_room(struct client_events *events, const struct client *client, struct ack ack,
                        const char *done, struct span room)
{
    if (!ack.wanted)
        return;
    buffer_clear(&events->message);
    buffer_printf(&events->message, "%s " SPAN_FMT, done, SPAN_ARG(room));
    buffer_clear(&events->reply);
    buffer_append(&events->reply, SPAN_LIT("{\"success\":true,\"message\":"));
    buffer_append_json(&events->reply, buffer_span(&events->message));
    buffer_append_char(&events->reply, '}');
    answer(client, ack, buffer_span(&events->reply));
}

static void answer_error(struct client_events *events, const struct client *client, struct ack ack,
                         const char *error)
{
    metric_add(&events->metrics->events_refused, 1);
    if (!ack.wanted)
        return;
    buffer_clear(&events->reply);
    buffer_append(&events->reply, SPAN_LIT("{\"error\":"));
    buffer_append_json(&events->reply, span_of(error));
    buffer_append_char(&events->reply, '}');
    answer(client, ack, buffer_span(&events->reply));
}

// The room that an event is about, in events->room; false when it was answered with an error.
static bool take_room(struct client_events *events, const struct client *client,
                      const struct sio_event *event, struct span *room)
{
    enum room_request result = room_request_read(event->args, &events->room);

    if (result != ROOM_REQUEST_OK) {
        answer_error(events, client, ack_of(event), room_request_str(result));
        return false;
    }
    *room = buffer_span(&events->room);
    return true;
}

// A request to join whose verdict is asked for. It outlives its client if that leaves first.
struct join {
    struct list node; // in its client's list
    struct client_events *events;
    struct client *client; // NULL: gone
    struct ack ack;
    size_t room_len;
    char room[];
};

static void join_now(struct client_events *events, struct client *client, struct ack ack,
                     struct span room)
{
    switch (sio_socket_join(client->socket, room)) {
    case ROOMS_JOINED:
        answer_room(events, client, ack, "Joined room:", room);
        presence_tell(events->presence, client, room, "user_joined");
        break;
    case ROOMS_ALREADY_IN:
        answer_room(events, client, ack, "Joined room:", room);
        break;
    case ROOMS_LIMIT:
        metric_add(&events->metrics->joins_over_limit, 1);
        answer_error(events, client, ack, "Too many rooms");
        break;
    }
}

static void conclude(struct join *join, enum room_verdict verdict)
{
    struct client_events *events = join->events;

    switch (verdict) {
    case ROOM_GRANTED:
        join_now(events, join->client, join->ack, (struct span){join->room, join->room_len});
        break;
    case ROOM_FORBIDDEN:
        metric_add(&events->metrics->joins_forbidden, 1);
        answer_error(events, join->client, join->ack, "Forbidden");
        break;
    case ROOM_UNAVAILABLE:
        metric_add(&events->metrics->joins_unavailable, 1);
        answer_error(events, join->client, join->ack, "Authorization unavailable");
        break;
    }
}

static void on_verdict(enum room_verdict verdict, void *arg)
{
    struct join *join = arg;

    if (join->client) {
        list_unlink(&join->node);
        join->client->join_count--;
        conclude(join, verdict);
    }
    free(join);
}

static void ask_to_join(struct client_events *events, struct client *client, struct ack ack,
                        struct span room)
{
    struct join *join = mem_alloc(sizeof(*join) + room.len);

    *join = (struct join){.events = events, .client = client, .ack = ack, .room_len = room.len};
    memcpy(join->room, room.ptr, room.len);
    list_append(&client->joins, &join->node);
    client->join_count++;
    room_access_ask(events->access, client->identity, room, on_verdict, join);
}

static void on_join_room(struct client_events *events, struct client *client,
                         const struct sio_event *event)
{
    struct span room;

    if (!take_room(events, client, event, &room))
        return;
    if (sio_socket_is_in(client->socket, room))
        answer_room(events, client, ack_of(event), "Joined room:", room);
    else if (client->join_count >= PENDING_JOINS_MAX)
        answer_error(events, client, ack_of(event), "Authorization unavailable");
    else
        ask_to_join(events, client, ack_of(event), room);
}

static void on_leave_room(struct client_events *events, struct client *client,
                          const struct sio_event *event)
{
    struct span room;

    if (!take_room(events, client, event, &room))
        return;
    bool left = sio_socket_leave(client->socket, room);
    answer_room(events, client, ack_of(event), "Left room:", room);
    if (left)
        presence_tell(events->presence, client, room, "user_left");
}

static void tell_typing(struct client_events *events, struct client *client,
                        const struct sio_event *event, const char *told)
{
    struct span room;

    if (!take_room(events, client, event, &room))
        return;
    if (!sio_socket_is_in(client->socket, room)) {
        answer_error(events, client, ack_of(event), "Not in room");
        return;
    }
    answer_success(client, ack_of(event));
    presence_tell(events->presence, client, room, told);
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

static void answer_refreshed(struct client_events *events, const struct client *client,
                             struct ack ack, int64_t left_s)
{
    buffer_clear(&events->reply);
    buffer_append(&events->reply, SPAN_LIT("{\"success\":true,\"expiresIn\":"));
    if (client->identity->expires_at_s == IDENTITY_NEVER)
        buffer_append(&events->reply, SPAN_LIT("null"));
    else
        buffer_printf(&events->reply, "%" PRId64, left_s);
    buffer_append_char(&events->reply, '}');
    answer(client, ack, buffer_span(&events->reply));
}

static void on_refresh_token(struct client_events *events, struct client *client,
                             const struct sio_event *event)
{
    int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
    struct json_walk args = json_walk_over(event->args);
    struct json_view first;
    struct identity *fresh;
    enum token_status status = TOKEN_MISSING;

    if (json_walk_element(&args, &first) && first.kind == JSON_KIND_OBJECT)
        status = authenticate_object(events->verifier, first.raw, now_s, &fresh);
    if (status != TOKEN_OK) {
        answer_error(events, client, ack_of(event), token_status_str(status));
        return;
    }
    if (!span_eq(fresh->user, client->identity->user)) {
        identity_free(fresh);
        answer_error(events, client, ack_of(event), "Token belongs to another user");
        return;
    }
    identity_free(client->identity);
    client->identity = fresh;
    metric_add(&events->metrics->tokens_refreshed, 1);
    answer_refreshed(events, client, ack_of(event), fresh->expires_at_s - now_s);
    token_watch_start(events->watch, &client->alarm, fresh->expires_at_s, now_s);
}

typedef void (*client_event_fn)(struct client_events *events, struct client *client,
                                const struct sio_event *event);

static const struct {
    const char *name;
    client_event_fn handle;
} handlers[EVENT_KINDS] = {
    [EVENT_JOIN_ROOM] = {"join_room", on_join_room},
    [EVENT_LEAVE_ROOM] = {"leave_room", on_leave_room},
    [EVENT_TYPING] = {"typing", on_typing},
    [EVENT_STOP_TYPING] = {"stop_typing", on_stop_typing},
    [EVENT_REFRESH_TOKEN] = {"refresh_token", on_refresh_token},
};

void client_events_fini(struct client_events *events)
{
    buffer_fini(&events->room);
    buffer_fini(&events->message);
    buffer_fini(&events->reply);
}

void client_events_handle(struct client_events *events, struct client *client,
                          const struct sio_event *event)
{
    size_t kind = 0;

    while (kind < EVENT_KINDS && !span_is(event->name, handlers[kind].name))
        kind++;
    metric_add(&events->metrics->events[kind], 1);
    if (kind < EVENT_KINDS)
        handlers[kind].handle(events, client, event);
    else
        log_debug("ignoring an unknown event sid=%s name=\"" SPAN_FMT "\"",
                  sio_socket_id(client->socket), SPAN_ARG(event->name));
}

struct departure {
    struct client_events *events;
    const struct client *client;
};

static void tell_left(struct span room, void *arg)
{
    const struct departure *departure = arg;

    if (!room_name_is_user(room))
        presence_tell(departure->events->presence, departure->client, room, "user_left");
}

void client_events_forget(struct client_events *events, struct client *client)
{
    struct departure departure = {events, client};

    sio_socket_each_room(client->socket, tell_left, &departure);
    list_for_each (node, &client->joins) {
        list_unlink(node);
        list_entry(node, struct join, node)->client = NULL;
    }
}
