// From an envelope to the clients of this edge: encoded once, queued for each member of its room.
#pragma once

#include "edge/gateway/delivery/delivery_metrics.h"
#include "edge/gateway/delivery/latency.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/log_tail.h"
#include "proto/envelope.h"

struct sio_namespace;
struct sio_socket;

struct delivery {
    struct sio_namespace *nsp;
    struct span edge_id;
    struct delivery_metrics *metrics;
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

// To every member of its room except the one that the envelope excepts.
void delivery_to_members(struct delivery *delivery, const struct envelope *envelope);

// For log_follower_handlers, with the delivery as their argument.
// An envelope of the bus. One that this edge published itself is skipped: its members have it.
void delivery_from_bus(const struct envelope *envelope, void *delivery);
// An entry of the log: the tail keeps it, for clients that come back.
void delivery_remember(unsigned shard, const struct envelope *envelope, struct position position,
                       void *delivery);
