#include "edge/asyncapi/asyncapi.h"

#include <assert.h>

#include "edge/asyncapi/asyncapi_document.h"
#include "edge/asyncapi/asyncapi_parts.h"

#define PART     "# from the gateway file: "
#define BUILT_IN "# with the built-in gateway file"
#define END      "# end"

static const struct {
    const char *name;
    asyncapi_part_fn write;
} parts[] = {
    {"types of rooms", asyncapi_room_types},
    {"name of a room", asyncapi_room_name},
    {"text of a join", asyncapi_joined_text},
    {"text of a leave", asyncapi_left_text},
    {"example of a request", asyncapi_request_example},
    {"example of a join", asyncapi_join_example},
    {"example of a leave", asyncapi_leave_example},
    {"example of a member", asyncapi_member_example},
    {"routing keys", asyncapi_routing_keys},
    {"events of services", asyncapi_published_refs},
    {"messages of services", asyncapi_published_messages},
    {"bodies of services", asyncapi_body_schemas},
    {"events to clients", asyncapi_event_refs},
    {"delivery", asyncapi_deliver_events},
    {"messages to clients", asyncapi_event_messages},
    {"bodies to clients", asyncapi_event_schemas},
    {"events of clients", asyncapi_client_event_refs},
    {"acks of clients", asyncapi_client_ack_refs},
    {"operations of clients", asyncapi_client_operations},
    {"events among clients", asyncapi_told_refs},
    {"messages of clients", asyncapi_client_event_messages},
    {"bodies of clients", asyncapi_client_event_schemas},
    {"counts", asyncapi_count_refs},
    {"counts to members", asyncapi_count_told},
    {"message of counts", asyncapi_count_message},
    {"body of counts", asyncapi_count_schema},
    {"channels to services", asyncapi_uplink_channels},
    {"operations to services", asyncapi_uplink_operations},
    {"messages to services", asyncapi_uplink_messages},
    {"bodies to services", asyncapi_uplink_schemas},
};

static void append_line(struct buffer *out, struct span line)
{
    buffer_append(out, line);
    buffer_append_char(out, '\n');
}

static unsigned indentation_of(struct span line)
{
    unsigned count = 0;

    while (count < line.len && line.ptr[count] == ' ')
        count++;
    return count;
}

// Passes over the lines up to the end of a part.
static void skip_part(struct span *rest)
{
    struct span line;

    while (span_take_until(rest, '\n', &line))
        if (span_is(span_trim(line), END))
            return;
}

static void write_part(struct span name, const struct gateway_file *file, const struct yaml *y)
{
    size_t i = 0;

    while (i < ARRAY_LEN(parts) && !span_is(name, parts[i].name))
        i++;
    assert(i < ARRAY_LEN(parts));
    parts[i].write(file, y);
}

// Takes the rest of a part, of which `begin` is the first line.
static void replace_part(struct span begin, struct span *rest, const struct gateway_file *file,
                         struct buffer *out)
{
    const struct yaml y = {out, indentation_of(begin)};

    append_line(out, begin);
    write_part(span_skip(span_trim(begin), sizeof(PART) - 1), file, &y);
    skip_part(rest);
    yaml_line(&y, 0, END);
}

void asyncapi_write(const struct edge_settings *settings, struct buffer *out)
{
    struct span rest = asyncapi_document(), line;

    while (rest.len > 0 && span_take_until(&rest, '\n', &line)) {
        struct span text = span_trim(line);
        if (span_starts_with(text, SPAN_LIT(PART)))
            replace_part(line, &rest, settings->file, out);
        else if (settings->gateway_file.path && span_is(text, BUILT_IN))
            skip_part(&rest);
        else
            append_line(out, line);
    }
}
