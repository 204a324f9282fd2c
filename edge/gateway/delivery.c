#include "edge/gateway/delivery.h"

void delivery_to_members(struct delivery *delivery, const struct envelope *envelope)
{
    if (!rooms_has(sio_namespace_rooms(delivery->nsp), envelope->room))
        return;

    struct frame *frame =
        sio_encode_event(sio_namespace_name(delivery->nsp), envelope->event, envelope->args);
    size_t clients =
        sio_namespace_broadcast(delivery->nsp, envelope->room, envelope->except, frame);
    frame_unref(frame);
    latency_note(&delivery->latency, envelope, clients);
    metric_add(&delivery->metrics->envelopes_delivered, 1);
}

void delivery_from_bus(struct delivery *delivery, const struct envelope *envelope)
{
    if (span_eq(envelope->origin, delivery->edge_id)) {
        metric_add(&delivery->metrics->envelopes_own, 1);
        return;
    }
    delivery_to_members(delivery, envelope);
}
