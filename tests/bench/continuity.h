// Checks that each client got every message of its room, once and in order, over all its
// connections; measures how long it was away and how many messages it had missed.
//
// Client i is in room i % rooms, whose messages are numbered from 0 (source.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "common/span.h"

struct delivery_time {
    uint64_t at_ns;
    uint32_t latency_us;
};

struct continuity {
    uint32_t clients, rooms;
    struct continuity_client *all;
    uint64_t lost, doubled;           // numbers that were skipped; numbers that came again
    uint32_t away, recovered, afresh; // clients away now; returns so far, of both kinds
    uint64_t first_lost_ns, last_back_ns;
    bool keeps_times;
    struct delivery_time *times; // of all deliveries
    size_t time_count, time_cap;
};

void continuity_init(struct continuity *continuity, uint32_t clients, uint32_t rooms);
void continuity_fini(struct continuity *continuity);

// Called with the events of the clients. The first time that a client is ready is not a return.
void continuity_ready(struct continuity *continuity, uint32_t client, bool recovered);
void continuity_away(struct continuity *continuity, uint32_t client);
void continuity_packet(struct continuity *continuity, uint32_t client, struct span packet,
                       uint64_t now_ns);

// How many clients have all messages, if `sent` were published to all rooms in turn.
uint32_t continuity_complete(const struct continuity *continuity, uint32_t sent);
// Counts as lost what clients still lack.
void continuity_end(struct continuity *continuity, uint32_t sent);

// For each client that was away and came back: how long the last time, in ms, and how many of the
// messages that it got then had been published before it was back. Returns the number of these
// clients.
size_t continuity_aways(const struct continuity *continuity, uint32_t *ms, uint32_t *missed);

// Writes the latencies of deliveries between two times to `us`; returns their number.
size_t continuity_latencies(const struct continuity *continuity, uint64_t from_ns, uint64_t to_ns,
                            uint32_t *us);
