#include "tests/bench/tally.h"

#include <stdlib.h>

#include "common/mem.h"

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

static uint64_t take_number(struct span *text)
{
    uint64_t n = 0;

    while (text->len > 0 && *text->ptr >= '0' && *text->ptr <= '9') {
        n = n * 10 + (uint64_t)(*text->ptr - '0');
        *text = span_skip(*text, 1);
    }
    return n;
}

// Finds `"message":"bench NUMBER NS`, as source.h has it.
static bool read_message(struct span packet, uint64_t *number, uint64_t *sent_ns)
{
    static const struct span mark = SPAN_INIT("\"message\":\"bench ");
    const char *at = memmem(packet.ptr, packet.len, mark.ptr, mark.len);

    if (!at)
        return false;
    packet = span_skip(packet, (size_t)(at - packet.ptr) + mark.len);
    *number = take_number(&packet);
    if (!span_starts_with(packet, SPAN_LIT(" ")))
        return false;
    packet = span_skip(packet, 1);
    *sent_ns = take_number(&packet);
    return *sent_ns > 0;
}

void tally_packet(struct tally *tally, uint32_t client, struct span packet, uint64_t now_ns)
{
    uint64_t number, sent_ns;

    if (!read_message(packet, &number, &sent_ns) || number >= tally->per_room)
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
