#include <assert.h>
#include <stdint.h>

#include "common/gateway_file/gateway_file.h"
#include "common/gateway_file/routes_file.h"
#include "common/json_view.h"
#include "relay/routing/room_list.h"
#include "relay/routing/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char several_rooms[] =
    "{\"routes\":[{\"routingKey\":\"order\",\"event\":\"order\",\"fields\":[\"message\"],"
    "\"rooms\":[\"conversation:{conversationId}\",\"user:{data[]|userId[]}\"]}]}";

static void check_room(struct span room)
{
    assert(room.len > 0 && room.len <= ROOM_MAX_BYTES);
    for (size_t i = 0; i < room.len; i++)
        assert((unsigned char)room.ptr[i] >= 0x20 && room.ptr[i] != 0x7F);
}

static void check(const struct envelope *envelope)
{
    struct json_view args;

    assert(envelope->id.len > 0 && envelope->id.len <= 255);
    assert(envelope->more_count < ENVELOPE_ROOMS_MAX);
    check_room(envelope->room);
    for (size_t i = 0; i < envelope->more_count; i++)
        check_room(envelope->more_rooms[i]);
    // What goes to the clients is one JSON object without anything around it.
    assert(json_view_parse(envelope->args, JSON_DEPTH_MAX, &args, NULL));
    assert(args.kind == JSON_KIND_OBJECT && span_eq(args.raw, envelope->args));
}

// The body of an event, on each of the built-in routes and one into several rooms. The end of the
// input serves as message id and trace context as well.
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
        struct file_reader reader = {span_of(several_rooms), "several", &errors};
        assert(file && routes_file_add(&reader, file->routes));
    }
    for (size_t i = 0; i < file->routes->count; i++) {
        struct event event = {.route = &file->routes->items[i], .body = body, .received_ms = 1};
        event.message_id = event.traceparent = tail;
        if (translate(translator, &event, &envelope) == TRANSLATE_OK)
            check(&envelope);
    }
    return 0;
}
