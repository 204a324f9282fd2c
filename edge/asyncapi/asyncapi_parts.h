// The parts of the AsyncAPI document that follow the gateway's file. Each writes its lines.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "edge/asyncapi/yaml.h"

typedef void (*asyncapi_part_fn)(const struct gateway_file *file, const struct yaml *y);

// ---- types of rooms: asyncapi_rooms.c

void asyncapi_room_types(const struct gateway_file *file, const struct yaml *y);
void asyncapi_room_name(const struct gateway_file *file, const struct yaml *y);
void asyncapi_joined_text(const struct gateway_file *file, const struct yaml *y);
void asyncapi_left_text(const struct gateway_file *file, const struct yaml *y);
// Examples with a room of the first type, if there is one that clients may ask for.
void asyncapi_request_example(const struct gateway_file *file, const struct yaml *y);
void asyncapi_join_example(const struct gateway_file *file, const struct yaml *y);
void asyncapi_leave_example(const struct gateway_file *file, const struct yaml *y);
void asyncapi_member_example(const struct gateway_file *file, const struct yaml *y);

// ---- routes of services: asyncapi_routes.c

bool asyncapi_leads_to(const struct route *route, const char *event);
// Several routes may lead to one event, which is described once: where the first of them stands.
bool asyncapi_is_new_event(const struct routes *routes, size_t at);

void asyncapi_routing_keys(const struct gateway_file *file, const struct yaml *y);
// References to the messages, of the channels of services and of clients.
void asyncapi_published_refs(const struct gateway_file *file, const struct yaml *y);
void asyncapi_event_refs(const struct gateway_file *file, const struct yaml *y);
// The operation that delivers the events.
void asyncapi_deliver_events(const struct gateway_file *file, const struct yaml *y);
void asyncapi_published_messages(const struct gateway_file *file, const struct yaml *y);
void asyncapi_event_messages(const struct gateway_file *file, const struct yaml *y);

// ---- schemas of what the routes take and make: asyncapi_route_schemas.c

void asyncapi_body_schemas(const struct gateway_file *file, const struct yaml *y);
void asyncapi_event_schemas(const struct gateway_file *file, const struct yaml *y);

// ---- events of clients: asyncapi_client_events.c

void asyncapi_client_event_refs(const struct gateway_file *file, const struct yaml *y);
void asyncapi_client_ack_refs(const struct gateway_file *file, const struct yaml *y);
void asyncapi_client_operations(const struct gateway_file *file, const struct yaml *y);
void asyncapi_told_refs(const struct gateway_file *file, const struct yaml *y);
void asyncapi_client_event_messages(const struct gateway_file *file, const struct yaml *y);
void asyncapi_client_event_schemas(const struct gateway_file *file, const struct yaml *y);

// ---- what the gateway itself tells, where the file asks for it: asyncapi_told.c

// room_count, to the members of a room.
void asyncapi_count_refs(const struct gateway_file *file, const struct yaml *y);
void asyncapi_count_told(const struct gateway_file *file, const struct yaml *y);
void asyncapi_count_message(const struct gateway_file *file, const struct yaml *y);
void asyncapi_count_schema(const struct gateway_file *file, const struct yaml *y);
// What services get by RabbitMQ: that users come and go, and what clients send.
void asyncapi_uplink_channels(const struct gateway_file *file, const struct yaml *y);
void asyncapi_uplink_operations(const struct gateway_file *file, const struct yaml *y);
void asyncapi_uplink_messages(const struct gateway_file *file, const struct yaml *y);
void asyncapi_uplink_schemas(const struct gateway_file *file, const struct yaml *y);
