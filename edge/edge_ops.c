#include "edge/edge_ops.h"

#include "common/clock.h"
#include "edge/gateway/delivery/relay_status.h"

#define STAMP_MS       1000
#define LIVE_WITHIN_MS 5000

static const char *why_not_live(void *arg)
{
    struct edge_ops *ops = arg;
    uint64_t silent_ms = clock_monotonic_ms() - metric_get(&ops->alive_at_ms);

    return silent_ms < LIVE_WITHIN_MS ? NULL : "the loop has not moved for 5 s";
}

// With several servers of Redis, some rooms may get their events and others not.
static const char *why_not_following(const struct edge_metrics *metrics)
{
    for (unsigned i = 0; metrics->redis_nodes > 1 && i < metrics->redis_nodes; i++)
        if (!metric_get(&metrics->redis[i].connected))
            return "one of several servers of Redis is away, the events of its rooms wait";
    return "not subscribed to Redis";
}

static const char *why_not_ready(void *arg)
{
    struct edge_ops *ops = arg;
    uint64_t now_ms = clock_monotonic_ms();

    if (metric_get(&ops->draining))
        return "draining";
    if (ops->needs_key_set && !metric_get(&ops->metrics->gateway.jwks.fetched_s))
        return "no set of keys from JWT_JWKS_URL yet";
    if (!metric_get(&ops->metrics->gateway.delivery.following))
        return why_not_following(ops->metrics);
    for (unsigned i = 0; i < ops->metrics->redis_nodes; i++)
        if (!redis_bus_is_answered(&ops->metrics->redis[i], now_ms))
            return "no answer of Redis for 3 s";
    if (!relay_status_is_fresh(&ops->metrics->gateway.delivery, now_ms))
        return "no heartbeat of a relay for 3 s";
    return listener_why_paused(&ops->metrics->port);
}

static void print_metrics(void *arg, struct buffer *out)
{
    edge_metrics_print(((struct edge_ops *)arg)->metrics, out);
}

static void on_stamp(struct deadline *stamp, void *arg)
{
    struct edge_ops *ops = arg;

    metric_set(&ops->alive_at_ms, clock_monotonic_ms());
    deadline_arm(stamp, &ops->stamps);
}

void edge_ops_init(struct edge_ops *ops, const struct edge_metrics *metrics,
                   struct deadlines *deadlines)
{
    ops->metrics = metrics;
    deadline_queue_init(&ops->stamps, deadlines, STAMP_MS, on_stamp, ops);
    deadline_init(&ops->stamp);
    on_stamp(&ops->stamp, ops);
}

bool edge_ops_open(struct edge_ops *ops, const struct edge_settings *settings)
{
    const struct ops_probes probes = {
        .live = why_not_live, .ready = why_not_ready, .metrics = print_metrics, .arg = ops};

    ops->needs_key_set = settings->jwt_jwks_url != NULL;
    ops->server = ops_server_new(settings->service_host, (uint16_t)settings->ops_port, &probes);
    return ops->server != NULL;
}

void edge_ops_set_draining(struct edge_ops *ops)
{
    metric_set(&ops->draining, 1);
}

void edge_ops_fini(struct edge_ops *ops)
{
    ops_server_free(ops->server);
    ops->server = NULL;
    deadline_queue_fini(&ops->stamps);
}
