#include "common/gateway_file/client_event_types.h"

#include <stdlib.h>
#include <string.h>

#include "common/gateway_file/routes.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "common/reserved_events.h"
#include "proto/uplink.h"

#define BYTES_BY_DEFAULT 1024
#define RATE_BY_DEFAULT  5

struct client_event_types *client_event_types_new(void)
{
    return mem_zalloc(sizeof(struct client_event_types));
}

void client_event_types_free(struct client_event_types *types)
{
    if (!types)
        return;
    for (size_t i = 0; i < types->count; i++) {
        free(types->items[i].name);
        free(types->items[i].as);
        free(types->items[i].exchange);
        free(types->items[i].routing_key);
    }
    free(types);
}

const struct client_event_type *client_event_types_find(const struct client_event_types *types,
                                                        struct span name)
{
    for (size_t i = 0; i < types->count; i++)
        if (span_is(name, types->items[i].name))
            return &types->items[i];
    return NULL;
}

static bool check_name(struct file_reader *r, struct span name, struct span where)
{
    if (name.len > CLIENT_EVENT_NAME_MAX || !reader_is_word(name, "._-:"))
        return reader_refuse(
            r, where, "the name of an event has 1 to 64 letters, digits, and any of . _ - :");
    if (is_reserved_event(name))
        return reader_refuse(r, where, "Socket.IO keeps this event name for itself");
    return !is_gateway_event(name) ||
           reader_refuse(r, where, "the gateway has an event of this name");
}

static bool read_room(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    if (!reader_flag(r, value, &type->to_room))
        return false;
    return type->to_room || reader_refuse(r, value.raw, "an event goes to a \"room\": true");
}

static bool read_as(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    return reader_name(r, value, CLIENT_EVENT_NAME_MAX, &type->as) &&
           check_name(r, span_of(type->as), value.raw);
}

static bool read_bytes(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    return reader_number(r, value, 1, CLIENT_EVENT_BYTES_MAX,
                         "\"maxBytes\" is a number from 1 to 65536", &type->max_bytes);
}

static bool read_rate(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    return reader_number(r, value, 1, CLIENT_EVENT_RATE_MAX,
                         "\"perSecond\" is a number from 1 to 100", &type->per_second);
}

static bool read_exchange(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    return reader_name(r, value, UPLINK_NAME_MAX, &type->exchange);
}

static bool read_routing_key(struct file_reader *r, struct json_view value, void *into)
{
    struct client_event_type *type = into;

    if (!reader_name(r, value, UPLINK_NAME_MAX, &type->routing_key))
        return false;
    return strcmp(type->routing_key, ROUTE_DIRECT_KEY) != 0 ||
           reader_refuse(r, value.raw, "this routing key is kept for services");
}

static bool read_publish(struct file_reader *r, struct json_view value, void *into)
{
    static const struct reader_member members[] = {
        {"exchange", read_exchange}, {"routingKey", read_routing_key}, {NULL, NULL}};
    struct client_event_type *type = into;

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "\"publish\" must be an object");
    if (!reader_members(r, value, members, "\"publish\" has \"exchange\" and \"routingKey\"", type))
        return false;
    return (type->exchange && type->routing_key) ||
           reader_refuse(r, value.raw, "\"publish\" needs \"exchange\" and \"routingKey\"");
}

static bool read_type(struct file_reader *r, struct json_view value, struct client_event_type *type)
{
    static const struct reader_member members[] = {
        {"room", read_room},      {"as", read_as},          {"publish", read_publish},
        {"maxBytes", read_bytes}, {"perSecond", read_rate}, {NULL, NULL},
    };

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "an event of clients must be an object");
    if (!reader_members(r, value, members,
                        "an event of clients has \"room\", \"as\", \"publish\", \"maxBytes\" and "
                        "\"perSecond\"",
                        type))
        return false;
    if (type->to_room != (type->as != NULL))
        return reader_refuse(r, value.raw, "\"room\": true and \"as\" belong together");
    return type->to_room || type->exchange ||
           reader_refuse(r, value.raw,
                         "an event of clients needs \"room\": true and \"as\", or \"publish\"");
}

bool client_event_types_parse(struct file_reader *r, struct json_view events,
                              struct client_event_types *into)
{
    struct json_walk walk;
    struct json_view value;
    struct span name;

    if (events.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, events.raw, "\"clientEvents\" must be an object");
    walk = json_walk_into(events);
    while (json_walk_member(&walk, &name, &value)) {
        if (!check_name(r, name, name))
            return false;
        if (client_event_types_find(into, name))
            return reader_refuse(r, name, "a second event with this name");
        if (into->count == CLIENT_EVENTS_MAX)
            return reader_refuse(r, name, "more than 32 events of clients");
        struct client_event_type *type = &into->items[into->count++];
        *type = (struct client_event_type){.name = span_dup(name),
                                           .max_bytes = BYTES_BY_DEFAULT,
                                           .per_second = RATE_BY_DEFAULT,
                                           .line = reader_line(r, name)};
        if (!read_type(r, value, type))
            return false;
    }
    return true;
}
