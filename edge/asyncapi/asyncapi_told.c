#include "edge/asyncapi/asyncapi_parts.h"
#include "proto/room_count.h"

// ---- how many are in a room

static bool tells_counts(const struct gateway_file *file)
{
    for (size_t i = 0; i < file->rooms->count; i++)
        if (file->rooms->items[i].told)
            return true;
    return false;
}

void asyncapi_count_refs(const struct gateway_file *file, const struct yaml *y)
{
    if (tells_counts(file))
        yaml_line(y, 0, "roomCount: { $ref: '#/components/messages/roomCount' }");
}

void asyncapi_count_told(const struct gateway_file *file, const struct yaml *y)
{
    if (tells_counts(file))
        yaml_line(y, 0, "- $ref: '#/channels/namespace/messages/roomCount'");
}

void asyncapi_count_message(const struct gateway_file *file, const struct yaml *y)
{
    if (!tells_counts(file))
        return;
    yaml_line(y, 0, "roomCount:");
    yaml_line(y, 2, "name: " ROOM_COUNT_EVENT);
    yaml_line(y, 2, "title: How many sockets are in a room of this client, over all edges");
    yaml_line(y, 2, "payload: { $ref: '#/components/schemas/RoomCount' }");
}

void asyncapi_count_schema(const struct gateway_file *file, const struct yaml *y)
{
    const struct yaml inner = {y->out, y->indent + 4};

    if (!tells_counts(file))
        return;
    yaml_line(y, 0, "RoomCount:");
    yaml_line(y, 2, "type: object");
    yaml_line(y, 2, "required: [room, count, timestamp]");
    yaml_line(y, 2, "additionalProperties: false");
    yaml_line(y, 2, "properties:");
    asyncapi_room_name(file, &inner);
    yaml_line(y, 4, "count: { type: integer, minimum: 0 }");
    yaml_line(y, 4, "timestamp: { $ref: '#/components/schemas/Time' }");
}

// ---- what services get

// An event for services. Its keys in the document are "<kind>.<name>".
struct uplink {
    const char *kind, *name;
    const char *exchange, *routing_key;
    const char *title;
    bool of_socket;
};

typedef void (*uplink_fn)(const struct uplink *uplink, const struct yaml *y);

static void each_uplink(const struct gateway_file *file, const struct yaml *y, uplink_fn write)
{
    const struct users *users = &file->users;

    if (users->exchange) {
        write(&(struct uplink){"user", "connected", users->exchange, users->connected,
                               "A user has come online", false},
              y);
        write(&(struct uplink){"user", "disconnected", users->exchange, users->disconnected,
                               "A user has gone offline", false},
              y);
    }
    for (size_t i = 0; i < file->client_events->count; i++) {
        const struct client_event_type *type = &file->client_events->items[i];
        if (type->exchange)
            write(&(struct uplink){"uplink", type->name, type->exchange, type->routing_key,
                                   "A client has sent it", true},
                  y);
    }
}

static void append_key(struct buffer *out, const struct uplink *uplink)
{
    buffer_printf(out, "%s.", uplink->kind);
    yaml_append_key(out, span_of(uplink->name));
}

static void write_channel(const struct uplink *uplink, const struct yaml *y)
{
    struct buffer key = {0}, exchange = {0};

    append_key(&key, uplink);
    yaml_append_quoted(&exchange, span_of(uplink->exchange));
    yaml_line(y, 0, "%s:", key.ptr);
    yaml_line_with_text(y, 2, "address", span_of(uplink->routing_key));
    yaml_line(y, 2, "title: %s", uplink->title);
    yaml_line(y, 2, "servers:");
    yaml_line(y, 4, "- $ref: '#/servers/rabbitmq'");
    yaml_line(y, 2, "messages:");
    yaml_line(y, 4, "%s: { $ref: '#/components/messages/%s' }", key.ptr, key.ptr);
    yaml_line(y, 2, "bindings:");
    yaml_line(y, 4, "amqp:");
    yaml_line(y, 6, "is: routingKey");
    yaml_line(y, 6, "exchange: { name: %s }", exchange.ptr);
    buffer_fini(&key);
    buffer_fini(&exchange);
}

static void write_operation(const struct uplink *uplink, const struct yaml *y)
{
    struct buffer key = {0};

    append_key(&key, uplink);
    yaml_line(y, 0, "tell.%s:", key.ptr);
    yaml_line(y, 2, "action: send");
    yaml_line(y, 2, "title: %s", uplink->title);
    yaml_line(y, 2, "channel: { $ref: '#/channels/%s' }", key.ptr);
    yaml_line(y, 2, "bindings: { amqp: { deliveryMode: 2 } }");
    buffer_fini(&key);
}

static void write_message(const struct uplink *uplink, const struct yaml *y)
{
    struct buffer key = {0};

    append_key(&key, uplink);
    yaml_line(y, 0, "%s:", key.ptr);
    yaml_line_with_text(y, 2, "name", span_of(uplink->routing_key));
    yaml_line(y, 2, "title: %s", uplink->title);
    yaml_line(y, 2, "payload: { $ref: '#/components/schemas/%s' }",
              uplink->of_socket ? "ClientEventForServices" : "UserEventForServices");
    buffer_fini(&key);
}

static void count(const struct uplink *uplink, const struct yaml *y)
{
    buffer_append_char(y->out, uplink->of_socket ? 's' : 'u');
}

// True if there is an event of this kind: 's' of a socket, 'u' of a user.
static bool has_any(const struct gateway_file *file, char kind)
{
    struct buffer kinds = {0};

    each_uplink(file, &(struct yaml){&kinds, 0}, count);
    bool found = kinds.len > 0 && memchr(kinds.ptr, kind, kinds.len);
    buffer_fini(&kinds);
    return found;
}

static void write_schema(const struct yaml *y, const char *name, bool of_socket)
{
    yaml_line(y, 0, "%s:", name);
    yaml_line(y, 2, "description: The user id is that of the token, never the client's word.");
    yaml_line(y, 2, "type: object");
    yaml_line(y, 2, "required: [eventName, data, userId, timestamp, service]");
    yaml_line(y, 2, "properties:");
    yaml_line(y, 4, "eventName: { type: string }");
    yaml_line(y, 4, "data: { description: %s }",
              of_socket ? "As the client wrote it" : "The user id once more");
    yaml_line(y, 4, "userId: { type: [string, integer, 'null'] }");
    if (of_socket)
        yaml_line(y, 4, "socketId: { type: string }");
    yaml_line(y, 4, "timestamp: { $ref: '#/components/schemas/Time' }");
    yaml_line(y, 4, "service: { const: websocket-gateway }");
}

void asyncapi_uplink_channels(const struct gateway_file *file, const struct yaml *y)
{
    each_uplink(file, y, write_channel);
}

void asyncapi_uplink_operations(const struct gateway_file *file, const struct yaml *y)
{
    each_uplink(file, y, write_operation);
}

void asyncapi_uplink_messages(const struct gateway_file *file, const struct yaml *y)
{
    each_uplink(file, y, write_message);
}

void asyncapi_uplink_schemas(const struct gateway_file *file, const struct yaml *y)
{
    if (has_any(file, 'u'))
        write_schema(y, "UserEventForServices", false);
    if (has_any(file, 's'))
        write_schema(y, "ClientEventForServices", true);
}
