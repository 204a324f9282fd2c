// What the log follower calls, see log_follower.h.
#pragma once

#include <stdbool.h>

#include "edge/engineio/options.h"
#include "proto/envelope.h"

struct log_follower_handlers {
    // Gets every entry of the log before it is delivered. If set, the follower starts at the oldest
    // entry of the log instead of the newest; entries that it reads until it first reaches the end
    // go to on_entry only. May be NULL.
    void (*on_entry)(unsigned shard, const struct envelope *envelope, struct position position,
                     void *delivery);
    // Called in the order of positions within a shard. An envelope without a position (ephemeral,
    // not in the log) is passed on at once.
    void (*deliver)(const struct envelope *envelope, void *delivery);
    void *delivery;
    // Called once, when the place in every shard's log is known for the first time. May be NULL.
    void (*on_following)(void *arg);
    // Clients that are connected at this moment may have missed events of the shard. If entries are
    // missing in the log, log_follower_position() still returns the last position before them.
    void (*on_loss)(unsigned shard, const char *reason, void *arg);
    // How far clients are behind with what they were sent. A read of the log waits for them, see
    // replay_pace.h. NULL: it never waits.
    struct eio_backlog (*backlog)(void *arg);
    void *arg;
};
