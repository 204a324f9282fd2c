// What the edge knows of the relay: when it was heard last, and how its event bus is doing.
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

// The event bus is the configured one until the relay says where it really is.
void relay_status_init(struct relay_status *status, const char *bus_host, uint32_t bus_port,
                       struct delivery_metrics *metrics);
void relay_status_fini(struct relay_status *status);

void relay_status_on_heartbeat(struct relay_status *status, const struct heartbeat *heartbeat,
                               uint64_t now_ms);

// Whether a heartbeat came within HEARTBEAT_ABSENT_MS. Reads an atomic only: any thread may ask.
bool relay_status_is_fresh(const struct delivery_metrics *metrics, uint64_t now_ms);

// Whether the event bus is connected, as far as that is known now.
bool relay_status_bus_connected(const struct relay_status *status, uint64_t now_ms);
