// Follows the log of every shard and delivers each of its envelopes once and in order, although
// publications may get lost. shard_follower.h has how that goes for one shard.
//
// If the log no longer has the entry after the position (it was trimmed, or Redis lost data), that
// is a loss: on_loss reports it, and the follower goes on with the next entry that there is.
#pragma once

#include "common/attr.h"
#include "common/deadlines.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/log_follower_handlers.h"

struct log_follower;

// Sets bus->handlers. Borrows the bus, the clock and the metrics, which must outlive the follower.
NODISCARD struct log_follower *log_follower_new(unsigned shards, struct bus *bus,
                                                struct deadlines *clock,
                                                const struct log_follower_handlers *handlers,
                                                struct delivery_metrics *metrics);
void log_follower_free(struct log_follower *follower);

// Takes a heartbeat of the relay, which has the newest position of each shard. Only those of
// `part`, over which it came, are compared: it is not in order with what other parts publish.
void log_follower_on_heartbeat(struct log_follower *follower, struct bus_part part,
                               const struct heartbeat *heartbeat);

// Resumes a paused read if clients have caught up. Call after each flush.
void log_follower_go_on(struct log_follower *follower);

// True while the whole bus is up and the place in every shard's log is known.
bool log_follower_is_following(const struct log_follower *follower);
// The position of a shard that was delivered last.
struct position log_follower_position(const struct log_follower *follower, unsigned shard);
