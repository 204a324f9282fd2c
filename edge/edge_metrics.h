// All metrics of the edge in one struct, and their output in Prometheus' text format.
#pragma once

#include "common/memory_budget.h"
#include "common/reload.h"
#include "edge/adapters/listener/listener.h"
#include "edge/adapters/redis/redis_nodes.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/socketio/options.h"

struct edge_metrics {
    struct memory_budget memory;
    struct reload_metrics reloads;
    struct listener_metrics port;
    struct eio_metrics engine;
    struct sio_metrics socketio;
    struct gateway_metrics gateway;
    unsigned redis_nodes; // how many of `redis` are used
    struct redis_bus_metrics redis[REDIS_NODES_MAX];
};

// Appends them to `out`. May be called from any thread.
void edge_metrics_print(const struct edge_metrics *metrics, struct buffer *out);
