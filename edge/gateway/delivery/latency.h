// How long deliveries take: from the making of an envelope until the end of the flush that wrote
// it to the sockets of its room's members here.
//
// Delivering only notes what went to how many clients. After the flush the clock is read once for
// all that the turn delivered, so that a delivery costs nothing of its own.
//
// An envelope bears the wall clock of whoever made it: the relay when it took the event from
// RabbitMQ, an edge when its client asked for something. Where clocks differ, so do latencies; one
// below zero counts as none. What a slow client's socket did not take, or what waits for a client's
// next poll, counts as written.
#pragma once

#include "edge/gateway/delivery/delivery_metrics.h"
#include "proto/envelope.h"

#define LATENCY_NOTES_MAX 64 // of a turn; more are measured before its flush

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

// `envelope` was queued for so many clients. Those of one millisecond share a note.
void latency_note(struct latency *latency, const struct envelope *envelope, size_t clients);

// What was noted has been written. Reads the clock if there is anything.
void latency_measure(struct latency *latency);
