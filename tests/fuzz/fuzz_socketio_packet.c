#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "edge/socketio/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct span inner, struct span outer)
{
    return inner.len == 0 ||
           (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}

static struct frame *encode(const struct sio_packet *packet, struct span name)
{
    static const struct span attachments[SIO_ATTACHMENTS_MAX];
    const uint64_t *ack_id = packet->has_ack ? &packet->ack_id : NULL;

    switch (packet->type) {
    case SIO_CONNECT:
        return sio_encode_connect(packet->nsp, packet->json);
    case SIO_CONNECT_ERROR:
        return sio_encode_connect_error(packet->nsp, packet->json);
    case SIO_DISCONNECT:
        return sio_encode_disconnect(packet->nsp);
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        return sio_encode_event_with(packet->nsp, name, packet->args, ack_id, attachments,
                                     packet->attachments);
    case SIO_ACK:
    case SIO_BINARY_ACK:
        return sio_encode_ack(packet->nsp, packet->ack_id, packet->args, attachments,
                              packet->attachments);
    }
    abort();
}

// What was decoded, encoded and decoded again, is the same packet. (An event that is named by a
// number comes back named by the same text; an ack id has no place but with events and acks.)
static void try_round_trip(const struct sio_packet *packet)
{
    struct buffer name = {0}, name_again = {0};
    struct sio_packet again;

    assert(json_string_decode(packet->name, JSON_HALF_PAIR_REPLACED, &name));
    struct frame *frame = encode(packet, buffer_span(&name));
    assert(sio_packet_decode(span_skip(frame_packet(frame), 1), &again) == SIO_OK);
    assert(again.type == packet->type && again.attachments == packet->attachments);
    assert(span_eq(again.nsp, packet->nsp));
    assert(again.ack_id == packet->ack_id || !again.has_ack);
    assert(span_eq(again.args, packet->args) && again.arg_count == packet->arg_count);
    assert(json_string_decode(again.name, JSON_HALF_PAIR_REFUSED, &name_again));
    assert(span_eq(buffer_span(&name), buffer_span(&name_again)));
    frame_unref(frame);
    buffer_fini(&name);
    buffer_fini(&name_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct sio_packet packet;

    if (sio_packet_decode(in, &packet) != SIO_OK)
        return 0;
    assert(within(packet.nsp, in) || span_is(packet.nsp, "/"));
    assert(within(packet.nsp_query, in) && within(packet.json, in));
    assert(within(packet.name, packet.json) && within(packet.args, packet.json));
    assert(packet.arg_count <= SIO_ARGS_MAX && packet.attachments <= SIO_ATTACHMENTS_MAX);
    try_round_trip(&packet);
    return 0;
}
