#include <assert.h>
#include <stdint.h>

#include "common/gateway_file/gateway_file.h"
#include "common/gateway_file/routes_file.h"
#include "common/json_view.h"
#include "relay/routing/room_list.h"
#include "relay/routing/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The corpus has the members of the built-in routes.
static const char further_routes[] =
    "{\"routes\":[{\"routingKey\":\"order\",\"event\":\"order\",\"fields\":[\"message\"],"
    "\"rooms\":[\"conversation:{conversationId}\",\"user:{data[]|userId[]}\",\"{type}\"]},"
    "{\"routingKey\":\"notice\",\"event\":\"notice\",\"fields\":[\"message\"],"
    "\"rooms\":[\"{type}\",\"*\"]},"
    "{\"routingKey\":\"removed\",\"leave\":{\"user\":\"{userId|guestId}\","
    "\"room\":\"conversation:{conversationId|type}\"}},"
    "{\"routingKey\":\"added\",\"join\":{\"user\":\"{userId|guestId}\","
    "\"room\":\"{type}\"},\"event\":\"added\",\"fields\":[\"message\"],"
    "\"rooms\":[\"user:{data[]|userId[]}\"]},"
    "{\"routingKey\":\"blocked\",\"disconnect\":{\"user\":\"{userId}\"}}]}";

static void check_room(struct span room)
{
    assert(room.len > 0 && room.len <= ROOM_MAX_BYTES);
    for (size_t i = 0; i < room.len; i++)
        assert((unsigned char)room.ptr[i] >= 0x20 && room.ptr[i] != 0x7F);
}

static bool may_be_for_all(const struct route *route)
{
    return route->direct || strcmp(route->routing_key, "notice") == 0;
}

static void check_rooms(const struct route *route, const struct envelope *envelope)
{
    check_room(envelope->room);
    assert(may_be_for_all(route) || !room_is_everybody(envelope->room));
    for (size_t i = 0; i < envelope->more_count; i++) {
        check_room(envelope->more_rooms[i]);
        assert(may_be_for_all(route) || !room_is_everybody(envelope->more_rooms[i]));
    }
}

static void check_action(const struct route *route, const struct envelope *envelope)
{
    assert(envelope_acts(envelope) == (route->action.act != ROUTE_ACTS_NOT));
    if (!envelope_acts(envelope))
        return;
    assert(span_starts_with(envelope->room, SPAN_LIT("user:")));
    assert((envelope->leaves.len > 0) + (envelope->enters.len > 0) + envelope->disconnects == 1);
    if (envelope->leaves.len > 0)
        check_room(envelope->leaves);
    if (envelope->enters.len > 0)
        check_room(envelope->enters);
    assert(!room_is_everybody(envelope->leaves) && !room_is_everybody(envelope->enters));
}

static void check(const struct route *route, const struct envelope *envelope)
{
    struct json_view args;

    assert(envelope->id.len > 0 && envelope->id.len <= 255);
    assert(envelope->more_count < ENVELOPE_ROOMS_MAX);
    check_rooms(route, envelope);
    check_action(route, envelope);
    if (envelope->event.len == 0)
        return;
    // What goes to the clients is one JSON value without anything around it.
    assert(json_view_parse(envelope->args, JSON_DEPTH_MAX, &args, NULL));
    assert((route->direct || args.kind == JSON_KIND_OBJECT) && span_eq(args.raw, envelope->args));
}

// The body of an event, on each of the built-in routes and the further ones, and as one that names
// its rooms itself. The end of the input serves as message id and trace context as well.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gateway_file *file;
    static struct translator *translator;
    struct span body = {(const char *)data, size};
    struct span tail = span_skip(body, size > 55 ? size - 55 : 0);
    struct buffer errors = {0};
    struct envelope envelope;

    if (!file) {
        file = gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."},
                                 &errors);
        translator = translator_new((size_t)64 * 1024);
        struct file_reader reader = {span_of(further_routes), "further", &errors};
        assert(file && routes_file_add(&reader, NULL, file->routes));
        file->publishes = true;
        gateway_file_add_direct(file);
    }
    for (size_t i = 0; i < file->routes->count; i++) {
        struct event event = {.route = &file->routes->items[i], .body = body, .received_ms = 1};
        event.message_id = event.traceparent = tail;
        if (translate(translator, &event, &envelope) == TRANSLATE_OK)
            check(event.route, &envelope);
    }
    return 0;
}
