// Records which message has reached which client, which are lost, doubled or reordered, and the
// latencies.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct tally {
    uint32_t clients, per_room; // messages of a room, which each member should get
    size_t expected, deliveries, duplicates, reordered;
    uint32_t *latencies_us; // of the deliveries
    uint32_t *next;         // of each client: the highest number so far, plus one
    unsigned char *seen;    // one bit for each client and number
};

void tally_init(struct tally *tally, uint32_t clients, uint32_t per_room);
void tally_fini(struct tally *tally);

// Counts the packet if it is a message of the benchmark.
void tally_packet(struct tally *tally, uint32_t client, struct span packet, uint64_t now_ns);
