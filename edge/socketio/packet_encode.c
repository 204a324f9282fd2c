#include "edge/socketio/packet.h"

#include <assert.h>

#include "common/json_string.h"

// The parts of a packet in the order on the wire.
struct parts {
    enum sio_type type;
    uint32_t attachments;
    struct span nsp;
    const uint64_t *ack_id;
    bool is_list;            // put brackets around name, payload and offset
    const struct span *name; // of an event; NULL otherwise
    struct span payload;
    struct span offset; // of an event; empty: none
};

// The destination of the packet. If `at` is NULL, nothing is written and only `len` grows.
struct writer {
    char *at;
    size_t len;
};

static void put(struct writer *writer, struct span bytes)
{
    if (writer->at && bytes.len > 0)
        memcpy(writer->at + writer->len, bytes.ptr, bytes.len);
    writer->len += bytes.len;
}

static void put_char(struct writer *writer, char c)
{
    put(writer, (struct span){&c, 1});
}

static void put_number(struct writer *writer, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(writer, (struct span){digits + at, sizeof(digits) - at});
}

static void put_list(struct writer *writer, const struct parts *parts)
{
    put_char(writer, '[');
    if (parts->name) {
        char *at = writer->at ? writer->at + writer->len : NULL;
        writer->len += json_string_quote(*parts->name, at);
        if (parts->payload.len > 0)
            put_char(writer, ',');
    }
    put(writer, parts->payload);
    if (parts->offset.len > 0) {
        put(writer, SPAN_LIT(",\""));
        put(writer, parts->offset);
        put_char(writer, '"');
    }
    put_char(writer, ']');
}

static void put_packet(struct writer *writer, const struct parts *parts)
{
    put_char(writer, '4'); // Engine.IO's "message"
    put_char(writer, (char)('0' + (int)parts->type));
    if (parts->attachments > 0) {
        put_number(writer, parts->attachments);
        put_char(writer, '-');
    }
    if (!span_is(parts->nsp, "/")) {
        put(writer, parts->nsp);
        put_char(writer, ',');
    }
    if (parts->ack_id)
        put_number(writer, *parts->ack_id);
    if (parts->is_list)
        put_list(writer, parts);
    else
        put(writer, parts->payload);
}

// Writes the packet twice, first to measure it: the frame then has exactly its size, and no buffer
// is copied.
static struct frame *encode(const struct parts *parts)
{
    struct writer measure = {0}, writer = {0};

    put_packet(&measure, parts);
    struct frame *frame = frame_begin(FRAME_TEXT, measure.len, &writer.at);
    put_packet(&writer, parts);
    assert(writer.len == measure.len);
    frame_finish(frame, writer.len);
    return frame;
}

static struct frame *with_attachments(struct frame *frame, const struct span *attachments,
                                      uint32_t count)
{
    struct frame *followers = NULL;

    for (uint32_t i = count; i > 0; i--) {
        struct frame *binary = frame_new(FRAME_BINARY, attachments[i - 1]);
        if (followers)
            frame_follow(binary, followers);
        followers = binary;
    }
    if (followers)
        frame_follow(frame, followers);
    return frame;
}

struct frame *sio_encode_connect(struct span nsp, struct span json)
{
    return encode(&(struct parts){.type = SIO_CONNECT, .nsp = nsp, .payload = json});
}

struct frame *sio_encode_connect_error(struct span nsp, struct span json)
{
    return encode(&(struct parts){.type = SIO_CONNECT_ERROR, .nsp = nsp, .payload = json});
}

struct frame *sio_encode_disconnect(struct span nsp)
{
    return encode(&(struct parts){.type = SIO_DISCONNECT, .nsp = nsp});
}

struct frame *sio_encode_event_at(struct span nsp, struct span name, struct span args,
                                  struct span offset)
{
    return encode(&(struct parts){.type = SIO_EVENT,
                                  .nsp = nsp,
                                  .is_list = true,
                                  .name = &name,
                                  .payload = args,
                                  .offset = offset});
}

struct frame *sio_encode_event_with(struct span nsp, struct span name, struct span args,
                                    const uint64_t *ack_id, const struct span *attachments,
                                    uint32_t count)
{
    assert(count <= SIO_ATTACHMENTS_MAX);
    const struct parts parts = {
        .type = count > 0 ? SIO_BINARY_EVENT : SIO_EVENT,
        .attachments = count,
        .nsp = nsp,
        .ack_id = ack_id,
        .is_list = true,
        .name = &name,
        .payload = args,
    };
    return with_attachments(encode(&parts), attachments, count);
}

struct frame *sio_encode_ack(struct span nsp, uint64_t ack_id, struct span args,
                             const struct span *attachments, uint32_t count)
{
    assert(count <= SIO_ATTACHMENTS_MAX);
    const struct parts parts = {
        .type = count > 0 ? SIO_BINARY_ACK : SIO_ACK,
        .attachments = count,
        .nsp = nsp,
        .ack_id = &ack_id,
        .is_list = true,
        .payload = args,
    };
    return with_attachments(encode(&parts), attachments, count);
}
