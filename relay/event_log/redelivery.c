#include "relay/event_log/redelivery.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/event_log/dedup.h"
#include "relay/event_log/walk.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define REST_MS  60000
#define SAME_MAX 2 // entries of one id: a service may publish an event twice, more is no identity

struct redelivery {
    const struct event_logs *logs;
    size_t recent_max;
    void (*between)(void *arg);
    void *arg;
    struct dedup *all, *recent;
    struct log_walk walk;
    const struct position *acked; // of the present log
    size_t left;                  // recent entries of the present shard that are still to be read
    uint64_t epoch;               // of this relay; only entries below it are compared
    uint64_t checked_ms;          // when an id was last checked; 0: none since forget()
    // No more ids may be remembered.
    bool full;
};

struct redelivery *redelivery_new(const struct event_logs *logs, size_t recent,
                                  void (*between)(void *arg), void *arg)
{
    struct redelivery *r = mem_zalloc(sizeof(*r));

    r->logs = logs;
    r->recent_max = recent;
    r->between = between;
    r->arg = arg;
    r->all = dedup_new();
    r->recent = dedup_new();
    return r;
}

void redelivery_free(struct redelivery *r)
{
    if (!r)
        return;
    dedup_free(r->all);
    dedup_free(r->recent);
    free(r);
}

static void forget(struct redelivery *r)
{
    dedup_clear(r->all);
    dedup_clear(r->recent);
    event_log_walk_init(&r->walk, (struct position){r->epoch, 0});
    r->left = 0;
    r->checked_ms = 0;
    r->full = false;
}

static void remember(struct span id, struct position position, void *arg)
{
    struct redelivery *r = arg;

    dedup_add(r->all, id);
    if (r->left == 0)
        return;
    r->left--;
    if (position_compare(position, *r->acked) > 0)
        dedup_add(r->recent, id);
}

static bool walk_on(struct redelivery *r, unsigned shard)
{
    bool read =
        event_log_walk_on(r->logs->logs[shard % r->logs->count], &r->walk, shard, remember, r);

    r->between(r->arg);
    return read;
}

static unsigned shard_count(const struct redelivery *r)
{
    return event_log_shards(r->logs->logs[0]);
}

bool redelivery_begin(struct redelivery *r, uint64_t epoch, const struct position acked[])
{
    r->epoch = epoch;
    forget(r);
    for (unsigned shard = 0; shard < shard_count(r); shard++) {
        r->acked = &acked[shard % r->logs->count];
        r->left = r->recent_max;
        while (r->left > 0 && !r->walk.at_start[shard])
            if (!walk_on(r, shard))
                return false;
        r->left = 0;
    }
    return true;
}

// True if the log has older entries and they may be remembered.
static bool may_walk_on(struct redelivery *r, unsigned log)
{
    if (r->full)
        return false;
    r->full = dedup_count(r->all) >= REDELIVERY_IDS_MAX;
    if (r->full)
        log_warn("events are compared with the newest ids of the log only ids=%d",
                 REDELIVERY_IDS_MAX);
    for (unsigned shard = log; shard < shard_count(r); shard += r->logs->count)
        if (!r->walk.at_start[shard])
            return !r->full;
    return false;
}

// Reads the log backwards until it finds the id, or to its start. Returns false if the log cannot
// be read.
static bool look_for(struct redelivery *r, struct span id, unsigned log)
{
    while (dedup_times(r->all, id) == 0 && may_walk_on(r, log))
        for (unsigned shard = log; shard < shard_count(r); shard += r->logs->count)
            if (!r->walk.at_start[shard] && !walk_on(r, shard))
                return false;
    return true;
}

// An id among the recent entries is among all ids as well, so it is taken from both. Without a
// recent entry only a message-id can be known, unless so many entries have it that it identifies no
// event.
enum redelivery_status redelivery_check(struct redelivery *r, struct span id, bool named,
                                        unsigned log)
{
    r->checked_ms = clock_monotonic_ms();
    if (named && !look_for(r, id, log))
        return REDELIVERY_UNDECIDED;
    if (dedup_take(r->recent, id)) {
        dedup_take(r->all, id);
        return REDELIVERY_KNOWN;
    }
    if (!named || dedup_times(r->all, id) > SAME_MAX)
        return REDELIVERY_FRESH;
    return dedup_take(r->all, id) ? REDELIVERY_KNOWN : REDELIVERY_FRESH;
}

void redelivery_rest(struct redelivery *r, uint64_t now_ms)
{
    if (r->checked_ms != 0 && now_ms > r->checked_ms + REST_MS)
        forget(r);
}

size_t redelivery_count(const struct redelivery *r)
{
    return dedup_count(r->all);
}
