#include "edge/gateway/delivery/latency.h"

#include "common/clock.h"

// An envelope with a position comes from the relay: edges publish without one.
static struct histogram *histogram_of(struct delivery_metrics *metrics,
                                      const struct envelope *envelope)
{
    return position_is_none(envelope->position) ? &metrics->latency_of_edges
                                                : &metrics->latency_of_relay;
}

void latency_note(struct latency *latency, const struct envelope *envelope, size_t clients)
{
    struct histogram *histogram = histogram_of(latency->metrics, envelope);
    struct latency_note *last = latency->count > 0 ? &latency->notes[latency->count - 1] : NULL;

    if (clients == 0)
        return;
    if (last && last->made_ms == envelope->created_at_ms && last->histogram == histogram) {
        last->clients += clients;
        return;
    }
    if (latency->count == LATENCY_NOTES_MAX)
        latency_measure(latency);
    latency->notes[latency->count++] =
        (struct latency_note){envelope->created_at_ms, clients, histogram};
}

void latency_measure(struct latency *latency)
{
    if (latency->count == 0)
        return;
    uint64_t now_ms = clock_wall_ms();
    for (uint32_t i = 0; i < latency->count; i++) {
        const struct latency_note *note = &latency->notes[i];
        uint64_t took_ms = now_ms > note->made_ms ? now_ms - note->made_ms : 0;
        histogram_observe(note->histogram, took_ms, note->clients);
    }
    latency->count = 0;
}
