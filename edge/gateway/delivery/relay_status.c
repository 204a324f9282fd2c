#include "edge/gateway/delivery/relay_status.h"

void relay_status_init(struct relay_status *expiry, const char *bus_host, uint32_t bus_port,
                       struct gateway_metrics *metrics)
{
    *expiry = (struct relay_status){.metrics = metrics, .bus_port = bus_port};
    buffer_append(&expiry->bus_host, span_of(bus_host));
}

void relay_status_fini(struct relay_status *expiry)
{
    buffer_fini(&expiry->bus_host);
}

void relay_status_on_heartbeat(struct relay_status *expiry, const struct heartbeat *heartbeat,
                               uint64_t now_ms)
{
    metric_add(&expiry->metrics->heartbeats, 1);
    metric_set(&expiry->metrics->heartbeat_at_ms, now_ms);
    expiry->bus_connected = heartbeat->bus_connected;
    expiry->reconnect_attempts = heartbeat->reconnect_attempts;
    if (heartbeat->bus_host.len == 0)
        return;
    buffer_clear(&expiry->bus_host);
    buffer_append(&expiry->bus_host, heartbeat->bus_host);
    expiry->bus_port = heartbeat->bus_port;
}

bool relay_status_is_fresh(const struct gateway_metrics *metrics, uint64_t now_ms)
{
    uint64_t at_ms = metric_get(&metrics->heartbeat_at_ms);

    return at_ms != 0 && now_ms < at_ms + HEARTBEAT_ABSENT_MS;
}

bool relay_status_bus_connected(const struct relay_status *expiry, uint64_t now_ms)
{
    return expiry->bus_connected && relay_status_is_fresh(expiry->metrics, now_ms);
}
