#include "relay/relay_nodes.h"

#include "common/clock.h"
#include "relay/event_log/claim.h"

#define SHARE_OF_TIME 4 // at most a quarter of the time passes with attempts that others wait for

// ---- connections

static bool is_due(const struct relay_node *node)
{
    return clock_monotonic_ms() >= node->next_try_ms;
}

// The next attempt follows after a wait. Other servers wait during an attempt, so one that took
// long, because the server hangs, is followed by a longer wait.
static void put_off(struct relay *relay, struct relay_node *node, uint64_t began_ms)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t wait_ms = backoff_next_ms(&node->backoff, node->host.reached);
    uint64_t fair_ms = relay->logs.count > 1 ? SHARE_OF_TIME * (now_ms - began_ms) : 0;

    node->next_try_ms = now_ms + (wait_ms > fair_ms ? wait_ms : fair_ms);
}

static void connect(struct relay *relay, unsigned i)
{
    uint64_t began_ms = clock_monotonic_ms();
    struct event_log *log = relay->logs.logs[i];

    if (!event_log_connect(log) || (!relay->claimed && !event_log_read_tops(log, relay->tops)))
        put_off(relay, &relay->nodes[i], began_ms);
}

void relay_nodes_connect(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!event_log_connected(relay->logs.logs[i]) && is_due(&relay->nodes[i]))
            connect(relay, i);
}

bool relay_nodes_all_connected(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!event_log_connected(relay->logs.logs[i]))
            return false;
    return true;
}

bool relay_nodes_any_connected(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (event_log_connected(relay->logs.logs[i]))
            return true;
    return false;
}

uint64_t relay_nodes_wait_ms(const struct relay *relay, uint64_t max_ms)
{
    uint64_t now_ms = clock_monotonic_ms(), wait_ms = max_ms;

    for (unsigned i = 0; i < relay->logs.count; i++) {
        uint64_t next_ms = relay->nodes[i].next_try_ms;
        if (next_ms > now_ms && next_ms - now_ms < wait_ms)
            wait_ms = next_ms - now_ms;
    }
    return wait_ms;
}

// ---- batches

unsigned relay_nodes_of_room(const struct relay *relay, struct span room)
{
    return shard_of_room(room, relay->sequence.shards) % relay->logs.count;
}

struct batch *relay_nodes_batch_of(struct relay *relay, struct span room)
{
    return &relay->nodes[relay_nodes_of_room(relay, room)].batch;
}

bool relay_nodes_all_hold(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (batch_logged(&relay->nodes[i].batch))
            return false;
    return true;
}

bool relay_nodes_full(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (batch_full(&relay->nodes[i].batch))
            return true;
    return false;
}

// RabbitMQ delivers no more from a queue whose whole prefetch is unacknowledged. What is held may
// be of several queues, but if no event waits in them, another relay has nothing to take.
bool relay_nodes_stuck(const struct relay *relay)
{
    size_t held = 0;

    for (unsigned i = 0; i < relay->logs.count; i++) {
        const struct batch *batch = &relay->nodes[i].batch;
        if (event_log_connected(relay->logs.logs[i]))
            continue;
        if (batch_full(batch))
            return true;
        held += batch->count;
    }
    return held >= consumer_prefetch(relay->consumer) && metric_get(&relay->metrics.queued) > 0;
}

bool relay_nodes_hold(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!batch_logged(&relay->nodes[i].batch))
            return true;
    return false;
}

size_t relay_nodes_batched(const struct relay *relay)
{
    size_t events = 0;

    for (unsigned i = 0; i < relay->logs.count; i++)
        events += batch_event_count(&relay->nodes[i].batch);
    return events;
}

size_t relay_nodes_taken(const struct relay *relay)
{
    size_t deliveries = 0;

    for (unsigned i = 0; i < relay->logs.count; i++)
        deliveries += relay->nodes[i].batch.count;
    return deliveries;
}

void relay_nodes_clear(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++) {
        batch_clear(&relay->nodes[i].batch);
        relay->nodes[i].began_us = 0;
    }
}

// ---- the log

void relay_nodes_send(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (is_due(&relay->nodes[i]))
            event_log_send(relay->logs.logs[i], &relay->nodes[i].batch);
}

// Counts a batch that is in the log.
static void record_batch(struct relay *relay, const struct batch *batch, uint64_t began_us)
{
    struct relay_metrics *m = &relay->metrics;
    size_t events = batch_event_count(batch);
    uint64_t now_ms = clock_wall_ms();

    metric_add(&m->published, events);
    histogram_observe(&m->append_us, clock_monotonic_us() - began_us, 1);
    histogram_observe(&m->batch_events, events, 1);
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        if (!position_is_none(entry->position))
            histogram_observe(&m->latency_ms,
                              now_ms > entry->taken_ms ? now_ms - entry->taken_ms : 0, 1);
    }
}

static void on_logged(struct relay *relay, unsigned i)
{
    struct relay_node *node = &relay->nodes[i];

    for (unsigned s = i; s < relay->sequence.shards; s += relay->logs.count)
        relay->tops[s] = relay->sequence.last[s];
    record_batch(relay, &node->batch, node->began_us);
    node->logged = batch_newest(&node->batch, node->logged);
    node->began_us = 0;
    backoff_reset(&node->backoff);
}

static enum event_log_status append(struct relay *relay, unsigned i)
{
    struct relay_node *node = &relay->nodes[i];
    uint64_t began_ms = clock_monotonic_ms();

    if (node->began_us == 0)
        node->began_us = clock_monotonic_us();
    node->tried_losses = event_log_losses(relay->logs.logs[i]);
    enum event_log_status status = event_log_append(relay->logs.logs[i], &node->batch);
    if (status == EVENT_LOG_OK)
        on_logged(relay, i);
    if (status != EVENT_LOG_FAILED)
        return status;
    metric_add(&relay->metrics.append_retries, 1);
    put_off(relay, node, began_ms);
    return status;
}

bool relay_nodes_owe(const struct relay *relay, unsigned i)
{
    const struct relay_node *node = &relay->nodes[i];

    return !batch_logged(&node->batch) && node->began_us != 0 &&
           node->tried_losses != event_log_losses(relay->logs.logs[i]);
}

static bool can_append(const struct relay *relay, unsigned i)
{
    return !batch_logged(&relay->nodes[i].batch) && event_log_connected(relay->logs.logs[i]) &&
           is_due(&relay->nodes[i]);
}

// Every server has been sent its batch, so each must be asked for its answers.
bool relay_nodes_append(struct relay *relay)
{
    bool superseded = false;

    for (unsigned i = 0; i < relay->logs.count; i++)
        superseded |= can_append(relay, i) && append(relay, i) == EVENT_LOG_SUPERSEDED;
    return !superseded;
}
