#include "edge/asyncapi/asyncapi_parts.h"

// Several events may reach the others under one name, which is described once. An event to services
// alone has none.
static bool is_new_name(const struct client_event_types *types, size_t at)
{
    const char *as = types->items[at].as;

    for (size_t i = 0; as && i < at; i++)
        if (types->items[i].as && strcmp(types->items[i].as, as) == 0)
            return false;
    return as != NULL;
}

static void write_sent(const struct gateway_file *file, const struct yaml *y, unsigned deeper,
                       const char *text)
{
    for (size_t i = 0; i < file->client_events->count; i++)
        yaml_line_with_key(y, deeper, text, file->client_events->items[i].name);
}

static void write_told(const struct gateway_file *file, const struct yaml *y, unsigned deeper,
                       const char *text)
{
    for (size_t i = 0; i < file->client_events->count; i++)
        if (is_new_name(file->client_events, i))
            yaml_line_with_key(y, deeper, text, file->client_events->items[i].as);
}

void asyncapi_client_event_refs(const struct gateway_file *file, const struct yaml *y)
{
    write_sent(file, y, 0, "sent.@: { $ref: '#/components/messages/sent.@' }");
    write_told(file, y, 0, "told.@: { $ref: '#/components/messages/told.@' }");
}

void asyncapi_client_ack_refs(const struct gateway_file *file, const struct yaml *y)
{
    if (file->client_events->count == 0)
        return;
    yaml_line(y, 0, "sentTold: { $ref: '#/components/messages/sentTold' }");
    yaml_line(y, 0, "sentRefused: { $ref: '#/components/messages/sentRefused' }");
}

void asyncapi_client_operations(const struct gateway_file *file, const struct yaml *y)
{
    for (size_t i = 0; i < file->client_events->count; i++) {
        const struct client_event_type *type = &file->client_events->items[i];
        const char *name = type->name;
        yaml_line_with_key(y, 0, "send.@:", name);
        yaml_line(y, 2, "action: receive");
        yaml_line(y, 2, "title: To %s%s%s", type->to_room ? "the other members of a room" : "",
                  type->to_room && type->exchange ? " and " : "", type->exchange ? "services" : "");
        yaml_line(y, 2, "channel: { $ref: '#/channels/namespace' }");
        yaml_line_with_key(y, 2, "messages: [{ $ref: '#/channels/namespace/messages/sent.@' }]",
                           name);
        yaml_line(y, 2, "reply:");
        yaml_line(y, 4, "channel: { $ref: '#/channels/acks' }");
        yaml_line(y, 4, "messages:");
        yaml_line(y, 6, "- $ref: '#/channels/acks/messages/sentTold'");
        yaml_line(y, 6, "- $ref: '#/channels/acks/messages/sentRefused'");
    }
}

void asyncapi_told_refs(const struct gateway_file *file, const struct yaml *y)
{
    write_told(file, y, 0, "- $ref: '#/channels/namespace/messages/told.@'");
}

static void write_sent_message(const struct client_event_type *type, const struct yaml *y)
{
    yaml_line_with_key(y, 0, "sent.@:", type->name);
    yaml_line_with_text(y, 2, "name", span_of(type->name));
    if (type->to_room)
        yaml_line(y, 2, "title: Becomes %s for the other members of the room", type->as);
    else
        yaml_line(y, 2, "title: Goes to services");
    yaml_line(y, 2, "description: A client may send %u a second.", type->per_second);
    yaml_line_with_key(y, 2, "payload: { $ref: '#/components/schemas/sent.@' }", type->name);
}

static void write_told_message(const struct client_event_type *type, const struct yaml *y)
{
    yaml_line_with_key(y, 0, "told.@:", type->as);
    yaml_line_with_text(y, 2, "name", span_of(type->as));
    yaml_line(y, 2, "title: Another member of the room has sent %s", type->name);
    yaml_line_with_key(y, 2, "payload: { $ref: '#/components/schemas/told.@' }", type->as);
}

void asyncapi_client_event_messages(const struct gateway_file *file, const struct yaml *y)
{
    if (file->client_events->count == 0)
        return;
    for (size_t i = 0; i < file->client_events->count; i++) {
        write_sent_message(&file->client_events->items[i], y);
        if (is_new_name(file->client_events, i))
            write_told_message(&file->client_events->items[i], y);
    }
    yaml_line(y, 0, "sentTold:");
    yaml_line(y, 2, "name: ack of an event of the file");
    yaml_line(y, 2, "payload: { $ref: '#/components/schemas/Success' }");
    yaml_line(y, 0, "sentRefused:");
    yaml_line(y, 2, "name: error of an event of the file");
    yaml_line(y, 2, "payload: { $ref: '#/components/schemas/SentRefused' }");
}

static void write_sent_schema(const struct client_event_type *type, const struct yaml *y)
{
    yaml_line_with_key(y, 0, "sent.@:", type->name);
    if (!type->to_room) {
        yaml_line(y, 2, "description: Any JSON value of %u bytes at most", type->max_bytes);
        return;
    }
    yaml_line(y, 2, "allOf:");
    yaml_line(y, 4, "- $ref: '#/components/schemas/RoomRequest'");
    yaml_line(y, 2, "properties:");
    yaml_line(y, 4, "data: { description: 'Any JSON value of %u bytes at most' }", type->max_bytes);
}

static void write_told_schema(const struct gateway_file *file, const struct client_event_type *type,
                              const struct yaml *y)
{
    const struct yaml inner = {y->out, y->indent + 4};

    yaml_line_with_key(y, 0, "told.@:", type->as);
    yaml_line(y, 2, "type: object");
    yaml_line(y, 2, "required: [socketId, userId, room, timestamp]");
    yaml_line(y, 2, "additionalProperties: false");
    yaml_line(y, 2, "properties:");
    yaml_line(y, 4, "socketId: { $ref: '#/components/schemas/SocketId' }");
    yaml_line(y, 4, "userId: { type: [string, integer, 'null'] }");
    asyncapi_room_name(file, &inner);
    yaml_line(y, 4, "timestamp: { $ref: '#/components/schemas/Time' }");
    yaml_line(y, 4, "data: { description: As the sender wrote it }");
}

// The errors of typing, and what the event's own limits refuse.
static void write_refusal(const struct yaml *y)
{
    yaml_line(y, 0, "SentRefused:");
    yaml_line(y, 2, "anyOf:");
    yaml_line(y, 4, "- $ref: '#/components/schemas/TypingRefused'");
    yaml_line(y, 4, "- type: object");
    yaml_line(y, 6, "required: [error]");
    yaml_line(y, 6, "additionalProperties: false");
    yaml_line(y, 6, "properties:");
    yaml_line(y, 8, "error:");
    yaml_line(y, 10, "enum: [Payload too large, Too many events, Binary data is not supported,");
    yaml_line(y, 10, "       Service unavailable, Service overloaded]");
}

void asyncapi_client_event_schemas(const struct gateway_file *file, const struct yaml *y)
{
    if (file->client_events->count == 0)
        return;
    for (size_t i = 0; i < file->client_events->count; i++) {
        write_sent_schema(&file->client_events->items[i], y);
        if (is_new_name(file->client_events, i))
            write_told_schema(file, &file->client_events->items[i], y);
    }
    write_refusal(y);
}
