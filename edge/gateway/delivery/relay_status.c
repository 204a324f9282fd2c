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

void relay_status_on_heartbeat(struct relay_status *status, const struct heartbeat *heartbeat,
                               uint64_t now_ms)
{
    metric_add(&status->metrics->heartbeats, 1);
    metric_set(&status->metrics->heartbeat_at_ms, now_ms);
    status->bus_connected = heartbeat->bus_connected;
    status->reconnect_attempts = heartbeat->reconnect_attempts;
    if (heartbeat->bus_host.len == 0)
        return;
    buffer_clear(&status->bus_host);
    buffer_append(&status->bus_host, heartbeat->bus_host);
    status->bus_port = heartbeat->bus_port;
}

bool relay_status_is_fresh(const struct delivery_metrics *metrics, uint64_t now_ms)
{
    uint64_t at_ms = metric_get(&metrics->heartbeat_at_ms);

    return at_ms != 0 && now_ms < at_ms + HEARTBEAT_ABSENT_MS;
}

bool relay_status_bus_connected(const struct relay_status *status, uint64_t now_ms)
{
    return status->bus_connected && relay_status_is_fresh(status->metrics, now_ms);
}
