// Whether each client got every message of its room, once and in order, over all its connections;
// how long it was away, and how much it had missed then.
//
// Client i is in room i % rooms, whose messages are numbered from 0 on (source.h).
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
    uint64_t lost, doubled;           // numbers that were passed over, and that had come before
    uint32_t away, recovered, afresh; // clients now; returns of either kind so far
    uint64_t first_lost_ns, last_back_ns;
    bool keeps_times;
    struct delivery_time *times; // of all deliveries
    size_t time_count, time_cap;
};

void continuity_init(struct continuity *continuity, uint32_t clients, uint32_t rooms);
void continuity_fini(struct continuity *continuity);

// As the client tells. Being ready for the first time is no return.
void continuity_ready(struct continuity *continuity, uint32_t client, bool recovered);
void continuity_away(struct continuity *continuity, uint32_t client);
void continuity_packet(struct continuity *continuity, uint32_t client, struct span packet,
                       uint64_t now_ns);

// How many clients have everything, `sent` messages having been published to all rooms in turn.
uint32_t continuity_complete(const struct continuity *continuity, uint32_t sent);
// Counts as lost what they still lack.
void continuity_end(struct continuity *continuity, uint32_t sent);

// Of the clients that were away: how long, the last time, in ms, and how many messages they were
// sent that had been published before they were back. Returns how many clients these are.
size_t continuity_aways(const struct continuity *continuity, uint32_t *ms, uint32_t *missed);

// The latencies of deliveries between two moments; returns how many they are.
size_t continuity_latencies(const struct continuity *continuity, uint64_t from_ns, uint64_t to_ns,
                            uint32_t *us);
