// Follows the log of one shard. log_follower.c has one of these for each shard and passes on what
// the bus brings.
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
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/held_envelopes.h"
#include "edge/gateway/delivery/log_follower_handlers.h"
#include "edge/gateway/delivery/replay_pace.h"

enum shard_state { OFFLINE = 0, LOCATING, READING, PAUSED, LIVE };

// What the shards of one log follower share.
struct shard_followers {
    struct bus *bus;
    struct log_follower_handlers handlers;
    struct delivery_metrics *metrics;
    struct envelope_decoder *decoder;
    struct replay_pace pace;
    struct held_envelopes held;
    struct deadline_queue looks; // whose callback resumes paused shards
    struct deadline look;        // armed while a shard is paused
};

struct shard_follower {
    struct shard_followers *shared;
    unsigned number;
    enum shard_state state;
    bool located;             // the end of the log was reached once; entries are delivered since
    struct position position; // delivered last, or, before `located`, read last
    struct position known;    // the greatest that a publication or heartbeat has named
    struct position goal;     // `known` when the current read began: the read should get there
    struct position unmet;    // the goal of the last complete read, if it was not reached
    struct list held;         // of struct held_envelope, in the order of publication
};

// The bus is up: reads on from the position, since publications were missed. Without a position the
// log is read from the oldest entry if there is a tail to fill, otherwise from the newest.
void shard_follower_start(struct shard_follower *shard);
// The bus is down: pending reads get no answer. Drops held envelopes, since the read after the next
// start returns them too.
void shard_follower_stop(struct shard_follower *shard);
// Goes on with a paused read; otherwise does nothing.
void shard_follower_resume(struct shard_follower *shard);

// A publication with a position; `bytes` is its encoded form. Both are borrowed.
void shard_follower_take_publication(struct shard_follower *shard, const struct envelope *envelope,
                                     struct span bytes);
// The newest position of the shard according to the relay.
void shard_follower_take_heartbeat(struct shard_follower *shard, struct position top);
// The answers to bus_read() and bus_read_newest().
void shard_follower_take_page(struct shard_follower *shard, const struct bus_entry *entries,
                              size_t count);
void shard_follower_take_newest(struct shard_follower *shard, struct position newest);
