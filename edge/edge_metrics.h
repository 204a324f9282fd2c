// All that the edge counts, in one struct, and its names in Prometheus' text.
#pragma once

#include "common/memory_budget.h"
#include "edge/adapters/listener/listener.h"
#include "edge/adapters/redis/redis_bus.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/socketio/options.h"

struct edge_metrics {
    struct memory_budget memory;
    struct listener_metrics port;
    struct eio_metrics engine;
    struct sio_metrics socketio;
    struct gateway_metrics gateway;
    struct redis_bus_metrics redis;
};

// Any thread may call it.
void edge_metrics_print(const struct edge_metrics *metrics, struct buffer *out);
