#include "edge/gateway/rooms/room_events.h"

#include "common/clock.h"
#include "common/json_string.h"
#include "proto/redis_keys.h"
#include "proto/room_count.h"

static void write_body(struct buffer *body, const struct room_events_member *member,
                       struct span room, struct span data, uint64_t now_ms)
{
    char timestamp[ISO8601_LEN + 1];

    clock_iso8601(now_ms, timestamp);
    buffer_clear(body);
    buffer_append(body, SPAN_LIT("{\"socketId\":"));
    json_string_append(body, member->socket_id);
    buffer_append(body, SPAN_LIT(",\"userId\":"));
    buffer_append(body, member->user_json);
    buffer_append(body, SPAN_LIT(",\"room\":"));
    json_string_append(body, room);
    buffer_printf(body, ",\"timestamp\":\"%s\"", timestamp);
    if (data.len > 0) {
        buffer_append(body, SPAN_LIT(",\"data\":"));
        buffer_append(body, data);
    }
    buffer_append_char(body, '}');
}

void room_events_fini(struct room_events *room_events)
{
    buffer_fini(&room_events->body);
    buffer_fini(&room_events->encoded);
}

// Sends the body, to all members but the socket `except`. Members at this edge do not wait for
// Redis. The publication comes back to this edge too, which skips it by its origin
// (delivery_from_bus). It has no position: these events are not in the log, and are lost while the
// bus is down.
static void send_body(struct room_events *room_events, struct span except, struct span room,
                      const char *event, uint64_t now_ms)
{
    struct envelope envelope = {
        .origin = room_events->delivery->edge_id,
        .room = room,
        .except = except,
        .event = span_of(event),
        .args = buffer_span(&room_events->body),
        .created_at_ms = now_ms,
    };
    delivery_to_members(room_events->delivery, &envelope);

    buffer_clear(&room_events->encoded);
    envelope_encode(&envelope, &room_events->encoded);
    bus_publish(room_events->bus, shard_of_room(room, room_events->shards),
                buffer_span(&room_events->encoded));
}

static void emit(struct room_events *room_events, const struct room_events_member *member,
                 struct span room, const char *event, struct span data)
{
    uint64_t now_ms = clock_wall_ms();

    write_body(&room_events->body, member, room, data, now_ms);
    send_body(room_events, member->socket_id, room, event, now_ms);
}

void room_events_emit_count(struct room_events *room_events, struct span room, uint64_t count)
{
    uint64_t now_ms = clock_wall_ms();

    buffer_clear(&room_events->body);
    room_count_write(&room_events->body, room, count, now_ms);
    send_body(room_events, (struct span){0}, room, ROOM_COUNT_EVENT, now_ms);
}

void room_events_emit_for(struct room_events *room_events, const struct room_events_member *member,
                          struct span room, const char *event)
{
    emit(room_events, member, room, event, (struct span){0});
}

void room_events_emit_data(struct room_events *room_events, const struct client *client,
                           struct span room, const char *event, struct span data)
{
    const struct room_events_member member = {client_id(client), client->identity->user_json};

    emit(room_events, &member, room, event, data);
}

void room_events_emit(struct room_events *room_events, const struct client *client,
                      struct span room, const char *event)
{
    room_events_emit_data(room_events, client, room, event, (struct span){0});
}

bool room_events_announces(const struct room_events *room_events, struct span room)
{
    const struct room_type *type = room_types_of(room_events->types, room);

    return type && !type->silent;
}

void room_events_announce(struct room_events *room_events, const struct client *client,
                          struct span room, const char *event)
{
    if (room_events_announces(room_events, room))
        room_events_emit(room_events, client, room, event);
}
