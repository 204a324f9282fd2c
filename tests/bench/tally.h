// Which message has reached which client: what is lost, doubled or out of order, and how long the
// deliveries took.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct tally {
    uint32_t clients, per_room; // messages of a room, each of which every member is due
    size_t expected, deliveries, duplicates, reordered;
    uint32_t *latencies_us; // of the deliveries
    uint32_t *next;         // of each client: one more than the highest number that came
    unsigned char *seen;    // of each client and number, a bit
};

void tally_init(struct tally *tally, uint32_t clients, uint32_t per_room);
void tally_fini(struct tally *tally);

// Counts a packet if it is a message of the benchmark's.
void tally_packet(struct tally *tally, uint32_t client, struct span packet, uint64_t now_ns);
