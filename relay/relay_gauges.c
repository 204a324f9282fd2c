#include "relay/relay_gauges.h"

#include <stdio.h>

#include "common/clock.h"
#include "relay/event_log/size_limit.h"
#include "relay/relay_nodes.h"
#include "relay/relay_requests.h"

#define COUNT_WAITING_MS 5000
#define REDIS_SILENT_MS  3000

static void update_connection(metric *connected, metric *outages, bool now)
{
    if (!now && metric_get(connected))
        metric_add(outages, 1);
    metric_set(connected, now);
}

static enum relay_obstacle find_obstacle(const struct relay *relay)
{
    static const enum relay_obstacle refusals[] = {
        [EVENT_LOG_NO_MEMORY] = OBSTACLE_MEMORY,
        [EVENT_LOG_REFUSED] = OBSTACLE_REFUSAL,
        [EVENT_LOG_NO_REPLICAS] = OBSTACLE_REPLICAS,
    };

    if (relay_stopping())
        return OBSTACLE_STOPPING;
    if (!relay_nodes_any_connected(relay))
        return OBSTACLE_REDIS;
    if (!relay_nodes_all_connected(relay))
        return OBSTACLE_NODE;
    if (!consumer_connected(relay->consumer))
        return OBSTACLE_RABBITMQ;
    if (!relay->claimed && relay->role != ROLE_STANDBY)
        return OBSTACLE_CLAIM;
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (event_log_refusal(relay->logs.logs[i]) != EVENT_LOG_WRITABLE)
            return refusals[event_log_refusal(relay->logs.logs[i])];
    if (dead_letters_failing(relay->letters))
        return OBSTACLE_LETTERS;
    return OBSTACLE_NONE;
}

const char *relay_obstacle_words(const struct relay_metrics *metrics, uint64_t now_ms)
{
    static const char *const words[OBSTACLE_COUNT] = {
        [OBSTACLE_STOPPING] = "stopping",
        [OBSTACLE_REDIS] = "not connected to Redis",
        [OBSTACLE_NODE] = "one of several servers of Redis is away, the events of its rooms wait",
        [OBSTACLE_RABBITMQ] = "not connected to RabbitMQ",
        [OBSTACLE_MEMORY] = "Redis is out of memory, nothing can be logged",
        [OBSTACLE_REFUSAL] = "Redis refuses writes, nothing can be logged",
        [OBSTACLE_REPLICAS] = "fewer replicas than REDIS_WAIT_REPLICAS have the newest events",
        [OBSTACLE_CLAIM] = "the log in Redis is not claimed yet",
        [OBSTACLE_LETTERS] = "dead letters cannot be put aside",
    };

    enum relay_obstacle obstacle = (enum relay_obstacle)metric_get(&metrics->obstacle);

    if (obstacle == OBSTACLE_NONE && now_ms >= metric_get(&metrics->heard_ms) + REDIS_SILENT_MS)
        return "no answer of Redis for 3 s";
    return words[obstacle];
}

void relay_role_words(struct relay *relay, char *out, size_t size)
{
    const struct relay_metrics *m = &relay->metrics;
    unsigned long unbound = (unsigned long)metric_get(&m->bindings_refused);
    int len = snprintf(out, size, "ok (%s)", metric_get(&m->active) ? "active" : "standby");

    pthread_mutex_lock(&relay->routes_lock);
    unsigned long left_out = (unsigned long)metric_get(&m->left_out);
    if (left_out > 0)
        len += snprintf(out + len, size - (size_t)len,
                        ", degraded: %lu of %zu queues cannot be consumed: %.255s", left_out,
                        relay->routes->count,
                        relay->routes->items[metric_get(&m->left_out_first)].queue);
    pthread_mutex_unlock(&relay->routes_lock);
    if (unbound > 0)
        snprintf(out + len, size - (size_t)len,
                 ", degraded: %lu queues are not known to be bound to every exchange", unbound);
}

static void update_routes(struct relay *relay)
{
    struct relay_metrics *m = &relay->metrics;
    size_t first = 0;
    size_t left_out = consumer_left_out(relay->consumer, &first);

    metric_set(&m->left_out_first, first);
    metric_set(&m->left_out, left_out);
    metric_set(&m->bindings_refused, consumer_refused_bindings(relay->consumer));
}

static void update_logs(struct relay *relay)
{
    struct relay_metrics *m = &relay->metrics;
    uint64_t trimmed = 0, unreplicated = 0;

    for (unsigned i = 0; i < relay->logs.count; i++) {
        const struct event_log *log = relay->logs.logs[i];
        trimmed += event_log_trimmed(log);
        unreplicated += event_log_unreplicated(log);
        metric_set(&m->redis[i].connected, event_log_connected(log));
        metric_set(&m->redis[i].outages, event_log_losses(log));
    }
    metric_set(&m->log_trimmed, trimmed);
    metric_set(&m->unreplicated, unreplicated);
}

void relay_update_gauges(struct relay *relay, uint64_t now_ms)
{
    struct relay_metrics *m = &relay->metrics;
    size_t letters = dead_letters_count(relay->letters);

    metric_set(&m->turned_ms, now_ms);
    update_logs(relay);
    update_connection(&m->rabbitmq_connected, &m->rabbitmq_outages,
                      consumer_connected(relay->consumer));
    metric_set(&m->active, relay->claimed);
    metric_set(&m->obstacle, find_obstacle(relay));
    update_routes(relay);
    metric_set(&m->dead_letters_waiting, letters);
    metric_set(&m->dead_letters_failing, dead_letters_failing(relay->letters));
    metric_set(&m->unacked, relay_nodes_taken(relay) + letters);
    metric_set(&m->events_per_second, relay->linger.per_second);
    metric_set(&m->busy_percent, relay->linger.busy);
    if (!relay->claimed)
        metric_set(&m->queued, 0);
}

void relay_count_waiting(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!relay->claimed || now_ms < relay->next_count_ms)
        return;
    metric_set(&relay->metrics.queued, consumer_count_waiting(relay->consumer));
    relay->next_count_ms = now_ms + COUNT_WAITING_MS;
}
