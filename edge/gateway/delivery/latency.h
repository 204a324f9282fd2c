// Measures the latency of deliveries: from the creation of an envelope until the end of the flush
// that wrote it to the sockets of its room's members at this edge.
//
// A delivery only notes the envelope's creation time and its number of clients. After the flush the
// clock is read once for all deliveries of the turn.
//
// The creation time is by the wall clock of the sender: the relay's when it took the event from
// RabbitMQ, or an edge's when it received a client's event. The latency includes the difference of
// the two clocks; a negative one counts as 0. Bytes that a slow client's socket did not accept, and
// frames that wait for a client's next poll, count as written.
#pragma once

#include "edge/gateway/delivery/delivery_metrics.h"
#include "proto/envelope.h"

#define LATENCY_NOTES_MAX 64 // when a turn has more, the notes so far are measured before the flush

struct latency_note {
    uint64_t made_ms;
    uint64_t clients;
    struct histogram *histogram;
};

struct latency {
    struct delivery_metrics *metrics;
    uint32_t count;
    struct latency_note notes[LATENCY_NOTES_MAX];
};

// Notes that `envelope` was queued for `clients` clients. Consecutive envelopes that were created
// in the same millisecond share a note.
void latency_note(struct latency *latency, const struct envelope *envelope, size_t clients);

// Called after the flush: observes the latency of everything noted. Reads the clock only if there
// are notes.
void latency_measure(struct latency *latency);
