// Follows the log of every shard, so that each envelope in it is delivered once and in order,
// although publications may get lost.
//
// Publications are the fast path, the log is the truth. An envelope names its own position and
// that of the one before it (`prev`). Per shard the follower knows the last delivered position:
//
//                    bus up, first time                newest entry
//     OFFLINE ────────────────────────────▶ LOCATING ───────────────┐
//        │ ▲                                ▲  newest is known:     │
//        │ │ bus down                       │  deliver what is above│ a heartbeat below
//        │ └── from everywhere              └───────────────────────┼──── the position
//        │ bus up                                                   ▼         │
//        └────────────────────────────────▶ READING ───────────▶  LIVE ───────┘
//                                            ▲    end of the log    │
//                                            └──────────────────────┘
//                         an envelope whose prev is not the position, or a heartbeat above it
//
// LIVE      envelopes that continue at the position are delivered; older ones are duplicates.
// READING   pages of the log behind the position are delivered; what is published meanwhile is
//           held, up to a limit in bytes, and what passes the limit is read from the log again.
// LOCATING  the newest entry of the log is asked for: at first to know where to begin; later
//           because the relay reports a position below ours, which means that the log was reset.
//
// A read may pause: between two entries, while clients are behind. It then begins anew behind the
// last that was delivered.
//
// When the log no longer has what lies behind the position (it was trimmed, or Redis lost data),
// that is a loss: it is reported, never passed over, and the follower goes on behind it.
#pragma once

#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/replay_pace.h"
#include "proto/envelope.h"

struct log_follower_handlers {
    // Every entry of the log, before it is delivered. NULL: nobody keeps them. Otherwise the
    // follower starts at the oldest entry of the log instead of the newest, and what it reads until
    // it reaches the end is not delivered.
    void (*on_entry)(unsigned shard, const struct envelope *envelope, struct position position,
                     void *delivery);
    // In order within a shard. Ephemeral envelopes, which have no position, come at once.
    void (*deliver)(const struct envelope *envelope, void *delivery);
    void *delivery;
    // Every shard is followed, for the first time. May be NULL.
    void (*on_following)(void *arg);
    // Clients that are connected at this moment may have missed something.
    void (*on_loss)(unsigned shard, const char *reason, void *arg);
    // How far clients are behind with what they were sent: a replay of the log waits for those who
    // read (see replay_pace.h). NULL: it never does.
    struct eio_backlog (*backlog)(void *arg);
    void *arg;
};

struct log_follower;

// Sets the bus's handlers, so that it is called without a detour. Borrows the bus and the clock,
// which must outlive it, and the metrics.
NODISCARD struct log_follower *log_follower_new(unsigned shards, struct bus *bus,
                                                struct deadlines *clock,
                                                const struct log_follower_handlers *handlers,
                                                struct delivery_metrics *metrics);
void log_follower_free(struct log_follower *follower);

// The relay's heartbeat, which comes over the control channel: the newest position of each shard.
void log_follower_on_heartbeat(struct log_follower *follower, const struct heartbeat *heartbeat);

// After clients were written to: resumes a paused read if clients have caught up.
void log_follower_go_on(struct log_follower *follower);

// True while the bus is up and the place in every shard's log is known.
bool log_follower_is_following(const struct log_follower *follower);
// The last delivered position of a shard.
struct position log_follower_position(const struct log_follower *follower, unsigned shard);
