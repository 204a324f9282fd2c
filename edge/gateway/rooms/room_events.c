#include "edge/gateway/rooms/room_events.h"

#include "common/clock.h"
#include "proto/redis_keys.h"

static void write_body(struct buffer *body, const struct presence_member *member, struct span room,
                       uint64_t now_ms)
{
    char timestamp[ISO8601_LEN + 1];

    clock_iso8601(now_ms, timestamp);
    buffer_clear(body);
    buffer_append(body, SPAN_LIT("{\"socketId\":"));
    buffer_append_json(body, member->socket_id);
    buffer_append(body, SPAN_LIT(",\"userId\":"));
    buffer_append(body, member->user_json);
    buffer_append(body, SPAN_LIT(",\"room\":"));
    buffer_append_json(body, room);
    buffer_printf(body, ",\"timestamp\":\"%s\"}", timestamp);
}

void presence_fini(struct presence *presence)
{
    buffer_fini(&presence->body);
    buffer_fini(&presence->encoded);
}

void presence_tell_of(struct presence *presence, const struct presence_member *member,
                      struct span room, const char *event)
{
    uint64_t now_ms = clock_wall_ms();

    write_body(&presence->body, member, room, now_ms);
    struct envelope envelope = {
        .origin = presence->delivery->edge_id,
        .room = room,
        .except = member->socket_id,
        .event = span_of(event),
        .args = buffer_span(&presence->body),
        .created_at_ms = now_ms,
    };
    delivery_to_members(presence->delivery, &envelope);

    buffer_clear(&presence->encoded);
    envelope_encode(&envelope, &presence->encoded);
    bus_publish(presence->bus, shard_of_room(room, presence->shards),
                buffer_span(&presence->encoded));
}

void presence_tell(struct presence *presence, const struct client *client, struct span room,
                   const char *event)
{
    const struct presence_member member = {client_id(client), client->identity->user_json};

    presence_tell_of(presence, &member, room, event);
}
