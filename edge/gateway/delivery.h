// From an envelope to the clients of this edge: encoded once, queued for each member of its room.
#pragma once

#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/latency.h"
#include "edge/socketio/server.h"
#include "proto/envelope.h"

struct delivery {
    struct sio_namespace *nsp;
    struct span edge_id;
    struct gateway_metrics *metrics;
    struct latency latency;
};

// To every member of its room but the one that it excepts.
void delivery_to_members(struct delivery *delivery, const struct envelope *envelope);

// The same for what came over the bus: what this edge published itself its members have already.
void delivery_from_bus(struct delivery *delivery, const struct envelope *envelope);
