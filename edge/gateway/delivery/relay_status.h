// What the edge knows of the relay from its heartbeats: when the last one came over each part of
// the bus, and the state of the relay's connection to the event bus (RabbitMQ).
#pragma once

#include "edge/gateway/delivery/delivery_metrics.h"
#include "proto/envelope.h"

#define HEARTBEAT_ABSENT_MS 3000

struct relay_status {
    struct delivery_metrics *metrics;
    bool bus_connected;
    uint64_t reconnect_attempts;
    struct buffer bus_host;
    uint32_t bus_port;
};

// `bus_host` and `bus_port`, the configured address of the event bus, hold until a heartbeat brings
// the real one. Copies `bus_host`, borrows the metrics.
void relay_status_init(struct relay_status *status, const char *bus_host, uint32_t bus_port,
                       struct delivery_metrics *metrics);
void relay_status_fini(struct relay_status *status);

// The heartbeat is of this part of the bus.
void relay_status_on_heartbeat(struct relay_status *status, struct bus_part part,
                               const struct heartbeat *heartbeat, uint64_t now_ms);

// True if a heartbeat came within HEARTBEAT_ABSENT_MS over every part of the bus. Reads only
// atomics, so any thread may call it.
bool relay_status_is_fresh(const struct delivery_metrics *metrics, uint64_t now_ms);

// True if the last heartbeat, over whatever part, is fresh and says that the relay is connected to
// the event bus.
bool relay_status_bus_connected(const struct relay_status *status, uint64_t now_ms);
