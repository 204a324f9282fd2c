// A thread that looks each second for edges that are gone and takes them out of presence
// (proto/presence.h), and tells the members of counted rooms how many are left. It has connections
// of its own, so the loop never waits for it.
#pragma once

#include "common/metrics.h"
#include "common/redis_settings.h"

struct presence_sweeper;

struct presence_sweeper_options {
    const struct redis_settings *redis; // borrowed
    unsigned shards;
    const char *relay_id; // borrowed
    // Whether this relay does it now. Fills in the grace of users, and appends the exchange and the
    // routing key by which services are told of them, or nothing. Called on the thread.
    bool (*sweeps)(void *arg, uint64_t *grace_ms, struct buffer *exchange,
                   struct buffer *routing_key);
    void *arg;
    metric *removed;
};

// Returns NULL, with a line in the log, if there may be no more threads.
NODISCARD struct presence_sweeper *
presence_sweeper_new(const struct presence_sweeper_options *options);
// Waits for a question to Redis that is under way. NULL is allowed.
void presence_sweeper_free(struct presence_sweeper *sweeper);
