// Follows the log of every shard and delivers each of its envelopes once and in order, although
// publications may get lost.
//
// Publications are the fast path, the log is the truth. An envelope contains its own position and
// that of the envelope before it in its shard (`prev`). For each shard the follower keeps the
// position that was delivered last:
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
// LIVE      Delivers publications whose prev is the position. Those at or below it are duplicates.
// READING   Delivers the log from the position on, page by page. Publications are held meanwhile,
//           up to a limit in bytes; beyond it they are dropped and read from the log later.
// LOCATING  Waits for the position of the newest entry: at first to know where to begin; later
//           because a heartbeat is below the position. Then either the log was reset, or the
//           heartbeat comes from a relay that was just replaced: the newest entry tells which.
// PAUSED    A read waits between two entries while clients are behind with what they were sent. It
//           then starts again from the position.
//
// With on_entry the first time is READING from the oldest entry instead of LOCATING.
//
// If the log no longer has the entry after the position (it was trimmed, or Redis lost data), that
// is a loss: on_loss reports it, and the follower goes on with the next entry that there is.
#pragma once

#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/replay_pace.h"
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

struct log_follower;

// Sets bus->handlers. Borrows the bus, the clock and the metrics, which must outlive the follower.
NODISCARD struct log_follower *log_follower_new(unsigned shards, struct bus *bus,
                                                struct deadlines *clock,
                                                const struct log_follower_handlers *handlers,
                                                struct delivery_metrics *metrics);
void log_follower_free(struct log_follower *follower);

// Takes a heartbeat of the relay, which has the newest position of each shard.
void log_follower_on_heartbeat(struct log_follower *follower, const struct heartbeat *heartbeat);

// Resumes a paused read if clients have caught up. Call after each flush.
void log_follower_go_on(struct log_follower *follower);

// True while the bus is up and the place in every shard's log is known.
bool log_follower_is_following(const struct log_follower *follower);
// The position of a shard that was delivered last.
struct position log_follower_position(const struct log_follower *follower, unsigned shard);
