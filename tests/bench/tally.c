#include "tests/bench/tally.h"

#include <stdlib.h>

#include "common/mem.h"
#include "tests/bench/source.h"

void tally_init(struct tally *tally, uint32_t clients, uint32_t per_room)
{
    size_t expected = (size_t)clients * per_room;

    *tally = (struct tally){
        .clients = clients,
        .per_room = per_room,
        .expected = expected,
        .latencies_us = mem_zalloc(expected * sizeof(*tally->latencies_us)),
        .next = mem_zalloc(clients * sizeof(*tally->next)),
        .seen = mem_zalloc(expected / 8 + 1),
    };
}

void tally_fini(struct tally *tally)
{
    free(tally->latencies_us);
    free(tally->next);
    free(tally->seen);
}

void tally_packet(struct tally *tally, uint32_t client, struct span packet, uint64_t now_ns)
{
    uint64_t number, sent_ns;

    if (!source_read(packet, &number, &sent_ns) || number >= tally->per_room)
        return;
    size_t bit = (size_t)client * tally->per_room + number;
    unsigned char mask = (unsigned char)(1U << bit % 8);
    if (tally->seen[bit / 8] & mask) {
        tally->duplicates++;
        return;
    }
    tally->seen[bit / 8] |= mask;
    if (number < tally->next[client])
        tally->reordered++;
    else
        tally->next[client] = (uint32_t)number + 1;
    tally->latencies_us[tally->deliveries++] = (uint32_t)((now_ns - sent_ns) / 1000);
}
