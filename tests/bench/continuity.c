#include "tests/bench/continuity.h"

#include <stdlib.h>

#include "common/mem.h"
#include "tests/bench/measure.h"
#include "tests/bench/source.h"

#define FIRST_TIMES 4096
#define MS_NS       1000000

struct continuity_client {
    uint32_t next; // number that must come next
    uint32_t missed;
    uint64_t lost_ns, back_ns; // of the last time; 0: never
};

void continuity_init(struct continuity *continuity, uint32_t clients, uint32_t rooms)
{
    *continuity = (struct continuity){
        .clients = clients,
        .rooms = rooms,
        .all = mem_zalloc(clients * sizeof(continuity->all[0])),
    };
}

void continuity_fini(struct continuity *continuity)
{
    free(continuity->all);
    free(continuity->times);
}

void continuity_ready(struct continuity *continuity, uint32_t number, bool recovered)
{
    struct continuity_client *client = &continuity->all[number];

    if (client->lost_ns == 0)
        return;
    client->back_ns = continuity->last_back_ns = monotonic_ns();
    continuity->away--;
    if (recovered)
        continuity->recovered++;
    else
        continuity->afresh++;
}

void continuity_away(struct continuity *continuity, uint32_t number)
{
    struct continuity_client *client = &continuity->all[number];

    client->lost_ns = monotonic_ns();
    client->missed = 0;
    continuity->away++;
    if (continuity->first_lost_ns == 0)
        continuity->first_lost_ns = client->lost_ns;
}

static void keep_time(struct continuity *continuity, uint64_t now_ns, uint64_t sent_ns)
{
    if (continuity->time_count == continuity->time_cap) {
        continuity->time_cap = continuity->time_cap > 0 ? 2 * continuity->time_cap : FIRST_TIMES;
        continuity->times =
            mem_realloc(continuity->times, continuity->time_cap * sizeof(continuity->times[0]));
    }
    continuity->times[continuity->time_count++] =
        (struct delivery_time){now_ns, (uint32_t)((now_ns - sent_ns) / 1000)};
}

void continuity_packet(struct continuity *continuity, uint32_t number, struct span packet,
                       uint64_t now_ns)
{
    struct continuity_client *client = &continuity->all[number];
    uint64_t message, sent_ns;

    if (!source_read(packet, &message, &sent_ns))
        return;
    if (message < client->next) {
        continuity->doubled++;
        return;
    }
    continuity->lost += message - client->next;
    client->next = (uint32_t)message + 1;
    if (sent_ns < client->back_ns)
        client->missed++;
    if (continuity->keeps_times)
        keep_time(continuity, now_ns, sent_ns);
}

static uint32_t due(const struct continuity *continuity, uint32_t number, uint32_t sent)
{
    uint32_t rooms = continuity->rooms, room = number % rooms;

    return sent / rooms + (room < sent % rooms ? 1 : 0);
}

uint32_t continuity_complete(const struct continuity *continuity, uint32_t sent)
{
    uint32_t complete = 0;

    for (uint32_t i = 0; i < continuity->clients; i++)
        if (continuity->all[i].next >= due(continuity, i, sent))
            complete++;
    return complete;
}

void continuity_end(struct continuity *continuity, uint32_t sent)
{
    for (uint32_t i = 0; i < continuity->clients; i++) {
        uint32_t all = due(continuity, i, sent), next = continuity->all[i].next;
        continuity->lost += next < all ? all - next : 0;
    }
}

size_t continuity_aways(const struct continuity *continuity, uint32_t *ms, uint32_t *missed)
{
    size_t count = 0;

    for (uint32_t i = 0; i < continuity->clients; i++) {
        const struct continuity_client *client = &continuity->all[i];
        if (client->lost_ns == 0 || client->back_ns < client->lost_ns)
            continue;
        ms[count] = (uint32_t)((client->back_ns - client->lost_ns) / MS_NS);
        missed[count++] = client->missed;
    }
    return count;
}

size_t continuity_latencies(const struct continuity *continuity, uint64_t from_ns, uint64_t to_ns,
                            uint32_t *us)
{
    size_t count = 0;

    for (size_t i = 0; i < continuity->time_count; i++) {
        const struct delivery_time *time = &continuity->times[i];
        if (time->at_ns >= from_ns && time->at_ns <= to_ns)
            us[count++] = time->latency_us;
    }
    return count;
}
