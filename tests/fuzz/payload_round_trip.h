// Decodes a payload, and holds that what was decoded comes out the same when it is encoded and
// decoded again.
#pragma once

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/engineio/payload.h"

static inline struct frame *payload_frame_of(const struct eio_packet *packet)
{
    size_t type = packet->kind == FRAME_TEXT;
    char *at;
    struct frame *frame = frame_begin(packet->kind, type + packet->data.len, &at);

    if (type)
        at[0] = (char)('0' + packet->type);
    if (packet->data.len > 0)
        memcpy(at + type, packet->data.ptr, packet->data.len);
    frame_finish(frame, type + packet->data.len);
    return frame;
}

// The packets up to the first that is none. A binary one that is no message has no frame.
static inline void payload_decode(enum eio_payload_form form, struct span payload,
                                  struct outbox *packets)
{
    struct buffer scratch = {0};
    struct eio_packet packet;
    struct span rest = payload;

    while (eio_payload_take(form, &rest, &scratch, &packet) == PAYLOAD_PACKET) {
        assert(packet.data.len <= payload.len);
        if (packet.kind == FRAME_BINARY && packet.type != EIO_MESSAGE)
            continue;
        struct frame *frame = payload_frame_of(&packet);
        if (!outbox_push(packets, frame, SIZE_MAX))
            abort();
        frame_unref(frame);
    }
    buffer_fini(&scratch);
}

static inline void payload_round_trip(enum eio_payload_form form, struct span payload)
{
    struct outbox packets = {0}, left = {0}, again = {0};
    struct buffer encoded = {0};

    payload_decode(form, payload, &packets);
    payload_decode(form, payload, &left);
    while (left.count > 0) {
        buffer_clear(&encoded);
        uint32_t taken = eio_payload_encode(form, &left, NULL, &encoded);
        assert(taken > 0 && taken <= EIO_PAYLOAD_PACKETS_MAX);
        outbox_drop(&left, taken);
        payload_decode(form, buffer_span(&encoded), &again);
    }
    assert(packets.count == again.count);
    for (uint32_t i = 0; i < packets.count; i++) {
        assert(frame_kind_of(outbox_at(&packets, i)) == frame_kind_of(outbox_at(&again, i)));
        assert(span_eq(frame_wire(outbox_at(&packets, i)), frame_wire(outbox_at(&again, i))));
    }
    outbox_fini(&packets);
    outbox_fini(&left);
    outbox_fini(&again);
    buffer_fini(&encoded);
}
