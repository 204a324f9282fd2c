#include "edge/gateway/delivery/relay_status.h"

void relay_status_init(struct relay_status *status, const char *bus_host, uint32_t bus_port,
                       struct delivery_metrics *metrics)
{
    *status = (struct relay_status){.metrics = metrics, .bus_port = bus_port};
    buffer_append(&status->bus_host, span_of(bus_host));
}

void relay_status_fini(struct relay_status *status)
{
    buffer_fini(&status->bus_host);
}

void relay_status_on_heartbeat(struct relay_status *status, struct bus_part part,
                               const struct heartbeat *heartbeat, uint64_t now_ms)
{
    metric_add(&status->metrics->heartbeats, 1);
    metric_set(&status->metrics->heartbeat_at_ms[part.node], now_ms);
    metric_set(&status->metrics->heartbeat_parts, part.nodes);
    status->bus_connected = heartbeat->bus_connected;
    status->reconnect_attempts = heartbeat->reconnect_attempts;
    if (heartbeat->bus_host.len == 0)
        return;
    buffer_clear(&status->bus_host);
    buffer_append(&status->bus_host, heartbeat->bus_host);
    status->bus_port = heartbeat->bus_port;
}

// Over how many parts the last heartbeat is fresh.
static uint64_t count_fresh(const struct delivery_metrics *metrics, uint64_t now_ms)
{
    uint64_t parts = metric_get(&metrics->heartbeat_parts), fresh = 0;

    for (uint64_t i = 0; i < parts; i++) {
        uint64_t at_ms = metric_get(&metrics->heartbeat_at_ms[i]);
        fresh += at_ms != 0 && now_ms < at_ms + HEARTBEAT_ABSENT_MS;
    }
    return fresh;
}

bool relay_status_is_fresh(const struct delivery_metrics *metrics, uint64_t now_ms)
{
    uint64_t parts = metric_get(&metrics->heartbeat_parts);

    return parts > 0 && count_fresh(metrics, now_ms) == parts;
}

bool relay_status_bus_connected(const struct relay_status *status, uint64_t now_ms)
{
    return status->bus_connected && count_fresh(status->metrics, now_ms) > 0;
}
