// From an envelope to the clients of this edge: encoded once, queued for each member of its room.
#pragma once

#include "edge/gateway/delivery/latency.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/log_tail.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/socketio/server.h"
#include "proto/envelope.h"

struct delivery {
    struct sio_namespace *nsp;
    struct span edge_id;
    struct gateway_metrics *metrics;
    struct latency latency;
    unsigned shards;
    const struct log_follower *follower;
    struct log_tail *tail; // NULL: nothing is recovered, and no event bears an offset
};

// The last position of a shard that was delivered here, and those of all shards: what every client
// of this edge has been sent by now.
struct position delivery_position(const struct delivery *delivery, unsigned shard);
void delivery_cut(const struct delivery *delivery, struct cut *out);

// An event for one client, with the offset of this moment.
void delivery_emit(struct delivery *delivery, struct sio_socket *socket, struct span name,
                   struct span args);

// To every member of its room but the one that it excepts.
void delivery_to_members(struct delivery *delivery, const struct envelope *envelope);

// The same for what came over the bus: what this edge published itself its members have already.
void delivery_from_bus(struct delivery *delivery, const struct envelope *envelope);
