#define LOG_MODULE "log_follower"

#include "edge/gateway/delivery/log_follower.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/delivery/shard_follower.h"

#define LOOK_MS 100 // between two checks whether a paused read may go on

struct log_follower {
    struct shard_followers shared;
    bool was_following; // on_following() has been called
    unsigned shard_count;
    struct shard_follower shards[];
};

bool log_follower_is_following(const struct log_follower *follower)
{
    for (unsigned i = 0; i < follower->shard_count; i++)
        if (!follower->shards[i].located || follower->shards[i].state == OFFLINE)
            return false;
    return true;
}

static void update_following(struct log_follower *follower)
{
    metric_set(&follower->shared.metrics->following, log_follower_is_following(follower));
}

void log_follower_go_on(struct log_follower *follower)
{
    struct shard_followers *shared = &follower->shared;

    if (!deadline_is_armed(&shared->look) || replay_pace_must_wait(&shared->pace))
        return;
    deadline_cancel(&shared->look);
    for (unsigned i = 0; i < follower->shard_count; i++)
        shard_follower_resume(&follower->shards[i]);
}

static void on_look(struct deadline *look, void *arg)
{
    struct log_follower *follower = arg;

    deadline_arm(look, &follower->shared.looks);
    log_follower_go_on(follower);
}

static void on_up(struct bus_part part, void *arg)
{
    struct log_follower *follower = arg;

    for (unsigned i = part.node; i < follower->shard_count; i += part.nodes)
        shard_follower_start(&follower->shards[i]);
    update_following(follower);
}

static bool is_any_paused(const struct log_follower *follower)
{
    for (unsigned i = 0; i < follower->shard_count; i++)
        if (follower->shards[i].state == PAUSED)
            return true;
    return false;
}

// Shards of other parts go on, and so does their wait for slow clients.
static void on_down(struct bus_part part, void *arg)
{
    struct log_follower *follower = arg;

    for (unsigned i = part.node; i < follower->shard_count; i += part.nodes)
        shard_follower_stop(&follower->shards[i]);
    if (!is_any_paused(follower)) {
        deadline_cancel(&follower->shared.look);
        replay_pace_reset(&follower->shared.pace);
    }
    update_following(follower);
}

static void on_envelope(unsigned shard_number, struct span bytes, void *arg)
{
    struct log_follower *follower = arg;
    struct shard_followers *shared = &follower->shared;
    const struct envelope *envelope = envelope_decode(shared->decoder, bytes);

    metric_add(&shared->metrics->envelopes, 1);
    if (!envelope) {
        metric_add(&shared->metrics->envelopes_malformed, 1);
        log_warn("dropping a malformed publication shard=%u bytes=%zu", shard_number, bytes.len);
        return;
    }
    if (position_is_none(envelope->position))
        shared->handlers.deliver(envelope, shared->handlers.delivery);
    else
        shard_follower_take_publication(&follower->shards[shard_number], envelope, bytes);
}

// Called after each answer of the bus, since only answers locate a shard.
static void report_following(struct log_follower *follower)
{
    update_following(follower);
    if (follower->was_following || !log_follower_is_following(follower))
        return;
    follower->was_following = true;
    if (follower->shared.handlers.on_following)
        follower->shared.handlers.on_following(follower->shared.handlers.arg);
}

static void on_page(unsigned shard, const struct bus_entry *entries, size_t count, void *arg)
{
    struct log_follower *follower = arg;

    shard_follower_take_page(&follower->shards[shard], entries, count);
    report_following(follower);
}

static void on_newest(unsigned shard, struct position newest, void *arg)
{
    struct log_follower *follower = arg;

    shard_follower_take_newest(&follower->shards[shard], newest);
    report_following(follower);
}

struct log_follower *log_follower_new(unsigned shards, struct bus *bus, struct deadlines *clock,
                                      const struct log_follower_handlers *handlers,
                                      struct delivery_metrics *metrics)
{
    struct log_follower *follower =
        mem_zalloc(sizeof(*follower) + shards * sizeof(follower->shards[0]));

    bus->handlers = (struct bus_handlers){
        .on_up = on_up,
        .on_down = on_down,
        .on_envelope = on_envelope,
        .on_page = on_page,
        .on_newest = on_newest,
        .arg = follower,
    };
    follower->shared = (struct shard_followers){
        .bus = bus,
        .handlers = *handlers,
        .metrics = metrics,
        .held.metrics = metrics,
        .decoder = envelope_decoder_new(),
        .pace = {.clock = clock, .look = handlers->backlog, .arg = handlers->arg},
    };
    deadline_queue_init(&follower->shared.looks, clock, LOOK_MS, on_look, follower);
    deadline_init(&follower->shared.look);
    follower->shard_count = shards;
    for (unsigned i = 0; i < shards; i++) {
        follower->shards[i] = (struct shard_follower){.shared = &follower->shared, .number = i};
        list_init(&follower->shards[i].held);
    }
    return follower;
}

void log_follower_free(struct log_follower *follower)
{
    if (!follower)
        return;
    for (unsigned i = 0; i < follower->shard_count; i++)
        shard_follower_stop(&follower->shards[i]);
    deadline_queue_fini(&follower->shared.looks);
    envelope_decoder_free(follower->shared.decoder);
    free(follower);
}

void log_follower_on_heartbeat(struct log_follower *follower, struct bus_part part,
                               const struct heartbeat *heartbeat)
{
    for (unsigned i = part.node; i < follower->shard_count && i < heartbeat->shard_count;
         i += part.nodes)
        shard_follower_take_heartbeat(&follower->shards[i], heartbeat->tops[i]);
}

struct position log_follower_position(const struct log_follower *follower, unsigned shard)
{
    return follower->shards[shard].position;
}
