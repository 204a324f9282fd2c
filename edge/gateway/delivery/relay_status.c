#include "edge/gateway/delivery/relay_status.h"

void relay_watch_init(struct relay_watch *watch, const char *bus_host, uint32_t bus_port,
                      struct gateway_metrics *metrics)
{
    *watch = (struct relay_watch){.metrics = metrics, .bus_port = bus_port};
    buffer_append(&watch->bus_host, span_of(bus_host));
}

void relay_watch_fini(struct relay_watch *watch)
{
    buffer_fini(&watch->bus_host);
}

void relay_watch_on_heartbeat(struct relay_watch *watch, const struct heartbeat *heartbeat,
                              uint64_t now_ms)
{
    metric_add(&watch->metrics->heartbeats, 1);
    metric_set(&watch->metrics->heartbeat_at_ms, now_ms);
    watch->bus_connected = heartbeat->bus_connected;
    watch->reconnect_attempts = heartbeat->reconnect_attempts;
    if (heartbeat->bus_host.len == 0)
        return;
    buffer_clear(&watch->bus_host);
    buffer_append(&watch->bus_host, heartbeat->bus_host);
    watch->bus_port = heartbeat->bus_port;
}

bool relay_is_heard(const struct gateway_metrics *metrics, uint64_t now_ms)
{
    uint64_t at_ms = metric_get(&metrics->heartbeat_at_ms);

    return at_ms != 0 && now_ms < at_ms + HEARTBEAT_ABSENT_MS;
}

bool relay_watch_bus_connected(const struct relay_watch *watch, uint64_t now_ms)
{
    return watch->bus_connected && relay_is_heard(watch->metrics, now_ms);
}
