#include "tests/bench/crowd.h"

#include "compose/tools/tool.h"
#include "tests/bench/tokens.h"

#define IN_FLIGHT 128
#define READ_MS   50

static void on_ready(void *user, uint32_t client, bool recovered)
{
    continuity_ready(&((struct crowd *)user)->continuity, client, recovered);
}

static void on_lost(void *user, uint32_t client)
{
    continuity_away(&((struct crowd *)user)->continuity, client);
}

static void on_event(void *user, uint32_t client, struct span packet, uint64_t now_ns)
{
    continuity_packet(&((struct crowd *)user)->continuity, client, packet, now_ns);
}

bool crowd_begin(struct crowd *crowd, const struct crowd_plan *plan)
{
    *crowd = (struct crowd){.count = plan->count};
    continuity_init(&crowd->continuity, plan->count, plan->rooms);
    crowd->tokens = tokens_new(plan->secret, plan->prefix, plan->count);
    if (!crowd->tokens)
        return false;
    const struct clients_options options = {
        .ports = plan->ports,
        .port_count = plan->port_count,
        .together = plan->together,
        .tokens = (const char *const *)crowd->tokens,
        .token_count = plan->count,
        .most = plan->count,
        .rooms = plan->rooms,
        .back_ms = plan->back_ms,
        .back_max_ms = plan->back_max_ms,
        .recovers = true,
        .in_flight = plan->in_flight,
        .on_ready = on_ready,
        .on_lost = on_lost,
        .on_event = on_event,
        .user = crowd,
    };
    crowd->clients = clients_new(&options);
    return crowd->clients && clients_connect(crowd->clients, plan->count, IN_FLIGHT);
}

static void *run(void *arg)
{
    struct crowd *crowd = arg;

    while (!atomic_load(&crowd->over))
        clients_read(crowd->clients, READ_MS);
    return NULL;
}

bool crowd_go(struct crowd *crowd)
{
    crowd->has_thread = pthread_create(&crowd->thread, NULL, run, crowd) == 0;
    return crowd->has_thread || tool_fail("no thread can be started");
}

void crowd_rest(struct crowd *crowd)
{
    atomic_store(&crowd->over, true);
    if (crowd->has_thread)
        pthread_join(crowd->thread, NULL);
    crowd->has_thread = false;
}

void crowd_end(struct crowd *crowd)
{
    crowd_rest(crowd);
    clients_free(crowd->clients);
    tokens_free(crowd->tokens, crowd->count);
    continuity_fini(&crowd->continuity);
}
