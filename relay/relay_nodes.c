#include "relay/relay_nodes.h"

#include "common/clock.h"
#include "relay/event_log/claim.h"

#define ANSWERS_LATE_US 40000 // answers are taken so late, unless something asks for them
#define ANSWERS_BYTES   ((size_t)512 * 1024) // or so much is sent before
#define SHARE_OF_TIME   4 // at most a quarter of the time passes with attempts that others wait for

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

bool relay_nodes_read_tops(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!event_log_connected(relay->logs.logs[i]) ||
            !event_log_read_tops(relay->logs.logs[i], relay->tops))
            return false;
    return true;
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

static bool is_in_flight(const struct relay *relay, unsigned i)
{
    return event_log_unanswered_us(relay->logs.logs[i]) != 0;
}

bool relay_nodes_holds(const struct relay *relay, unsigned i)
{
    return !is_in_flight(relay, i) && !batch_logged(&relay->nodes[i].batch);
}

bool relay_nodes_all_hold(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!relay_nodes_holds(relay, i))
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
        if (relay_nodes_holds(relay, i))
            return true;
    return false;
}

bool relay_nodes_unlogged(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!batch_logged(&relay->nodes[i].batch))
            return true;
    return false;
}

bool relay_nodes_in_flight(const struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (is_in_flight(relay, i))
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
        event_log_settle(relay->logs.logs[i]);
        batch_clear(&relay->nodes[i].batch);
    }
}

// ---- the log

void relay_nodes_send(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (is_due(&relay->nodes[i]))
            event_log_send(relay->logs.logs[i], &relay->nodes[i].batch);
}

static void record_event(struct relay *relay, struct batch_entry *entry, uint64_t now_ms)
{
    struct position *top = &relay->tops[entry->shard];

    entry->recorded = true;
    if (position_compare(entry->position, *top) > 0)
        *top = entry->position;
    metric_add(&relay->metrics.published, 1);
    histogram_observe(&relay->metrics.latency_ms,
                      now_ms > entry->taken_ms ? now_ms - entry->taken_ms : 0, 1);
}

// Answers that were not awaited tell nothing about Redis.
static void record_part(struct relay *relay, bool awaited, uint64_t sent_us, uint64_t events)
{
    if (events == 0)
        return;
    if (awaited)
        histogram_observe(&relay->metrics.append_us, clock_monotonic_us() - sent_us, 1);
    histogram_observe(&relay->metrics.batch_events, events, 1);
}

// Counts what is in the log since the last call. Events that were sent together have the same time.
static void record_logged(struct relay *relay, struct batch *batch, bool awaited)
{
    uint64_t now_ms = clock_wall_ms(), sent_us = 0, events = 0;

    for (size_t i = 0; i < batch->count; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (!entry->logged || entry->recorded || position_is_none(entry->position))
            continue;
        if (entry->sent_us != sent_us) {
            record_part(relay, awaited, sent_us, events);
            sent_us = entry->sent_us;
            events = 0;
        }
        events++;
        record_event(relay, entry, now_ms);
    }
    record_part(relay, awaited, sent_us, events);
}

// A quarter of the prefetch is enough to keep RabbitMQ busy while the rest is on its way.
static bool are_answers_due(const struct relay *relay, unsigned i)
{
    const struct batch *batch = &relay->nodes[i].batch;
    const struct event_log *log = relay->logs.logs[i];

    return clock_monotonic_us() - event_log_unanswered_us(log) >= ANSWERS_LATE_US ||
           !event_log_may_send(log) || batch_full(batch) || batch->bytes.len >= ANSWERS_BYTES ||
           relay_nodes_taken(relay) >= consumer_prefetch(relay->consumer) / 2;
}

static enum event_log_status append(struct relay *relay, unsigned i)
{
    struct relay_node *node = &relay->nodes[i];
    uint64_t began_ms = clock_monotonic_ms();

    enum event_log_status status = is_in_flight(relay, i)
                                       ? event_log_answers(relay->logs.logs[i], &node->batch)
                                       : event_log_append(relay->logs.logs[i], &node->batch);
    if (status == EVENT_LOG_OK)
        backoff_reset(&node->backoff);
    if (status != EVENT_LOG_FAILED)
        return status;
    metric_add(&relay->metrics.append_retries, 1);
    put_off(relay, node, began_ms);
    return status;
}

void relay_nodes_settle(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++) {
        event_log_settle(relay->logs.logs[i]);
        record_logged(relay, &relay->nodes[i].batch, false);
    }
}

bool relay_nodes_owe(const struct relay *relay, unsigned i)
{
    return event_log_owes(relay->logs.logs[i], &relay->nodes[i].batch);
}

static bool can_append(const struct relay *relay, unsigned i, bool idle)
{
    if (is_in_flight(relay, i))
        return idle || are_answers_due(relay, i);
    return !batch_logged(&relay->nodes[i].batch) && event_log_connected(relay->logs.logs[i]) &&
           is_due(&relay->nodes[i]);
}

// Every server has been sent its batch, so each must be asked for its answers.
bool relay_nodes_append(struct relay *relay, bool idle)
{
    bool superseded = false, awaited = relay->awaits;

    for (unsigned i = 0; i < relay->logs.count; i++) {
        bool held = relay_nodes_holds(relay, i);
        relay->awaits &= !is_in_flight(relay, i);
        superseded |=
            can_append(relay, i, idle || awaited) && append(relay, i) == EVENT_LOG_SUPERSEDED;
        record_logged(relay, &relay->nodes[i].batch, awaited || held);
    }
    return !superseded;
}
