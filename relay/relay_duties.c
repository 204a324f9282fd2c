#include "relay/relay_duties.h"

#include "common/clock.h"
#include "relay/event_log/acked.h"
#include "relay/event_log/claim.h"
#include "relay/event_log/heartbeat.h"
#include "relay/relay_gauges.h"
#include "relay/relay_nodes.h"
#include "relay/relay_requests.h"

#define HEARTBEAT_MS   1000
#define STORE_ACKED_MS 300
#define LOOK_MS        1000

// Without positions while the server may lack events that edges have got.
static struct span encode_heartbeat(struct relay *relay, unsigned node)
{
    bool owes = relay_nodes_owe(relay, node);
    const struct host_address *rabbitmq = rabbit_hosts_current(&relay->rabbitmq_hosts)->address;
    struct control control = {
        .kind = CONTROL_HEARTBEAT,
        .heartbeat =
            {
                .relay = span_of(relay->id),
                .at_ms = clock_wall_ms(),
                .shard_count = owes ? 0 : (size_t)relay->settings->bus_shards,
                .node = node,
                .node_count = relay->logs.count,
                .bus_connected = consumer_connected(relay->consumer),
                .reconnect_attempts = relay->consumer_backoff.attempts,
                .bus_host = span_of(rabbitmq->host),
                .bus_port = rabbitmq->port,
            },
    };

    memcpy(control.heartbeat.tops, relay->tops, sizeof(relay->tops));
    buffer_clear(&relay->control);
    control_encode(&control, &relay->control);
    return buffer_span(&relay->control);
}

// One relay sends heartbeats: the active one or, if there is none, one that cannot reach RabbitMQ,
// so that edges learn why no events come. If another relay sends them while this one is active,
// this one may have been replaced: it sends its own only if the log shows that it was not. Returns
// false if Redis could not be asked.
static bool send_heartbeat(struct relay *relay, unsigned node)
{
    struct event_log *log = relay->logs.logs[node];
    struct span heartbeat = encode_heartbeat(relay, node);
    enum event_log_heartbeat status = event_log_publish_heartbeat(log, heartbeat, relay->id, false);

    if (status == EVENT_LOG_HEARTBEAT_LEFT && relay->claimed) {
        relay->superseded |= event_log_is_superseded(log, relay->sequence.epoch);
        if (!relay->superseded)
            status = event_log_publish_heartbeat(log, heartbeat, relay->id, true);
    }
    metric_add(&relay->metrics.heartbeats, status == EVENT_LOG_HEARTBEAT_PUBLISHED);
    return status != EVENT_LOG_HEARTBEAT_FAILED;
}

static void store_acked_of(struct event_log *log, struct relay_node *node, bool due)
{
    if ((due || position_compare(node->acked_before, node->acked_stored) > 0) &&
        event_log_store_acked(log, node->acked_before))
        node->acked_stored = node->acked_before;
    node->acked_before = node->acked;
}

// Stores what was acknowledged at the previous call, not what is acknowledged now. The newest
// acknowledgements may not have reached RabbitMQ yet; if this relay dies, their events are
// delivered again, and the next relay must still compare them with the log.
static void store_acked(struct relay *relay, uint64_t now_ms)
{
    if (!relay->claimed || now_ms < relay->next_store_ms)
        return;
    relay->next_store_ms = now_ms + STORE_ACKED_MS;
    // Stored each second even without a change: this shows whether Redis takes writes.
    bool due = now_ms >= relay->stored_ms + HEARTBEAT_MS;
    if (due)
        relay->stored_ms = now_ms;
    for (unsigned i = 0; i < relay->logs.count; i++)
        store_acked_of(relay->logs.logs[i], &relay->nodes[i], due);
}

// One second without all servers, and the relay is not ready.
static void send_heartbeats(struct relay *relay)
{
    bool all = true;

    relay_nodes_settle(relay); // a heartbeat names the newest positions
    relay->awaits = true;
    for (unsigned i = 0; i < relay->logs.count; i++) {
        struct event_log *log = relay->logs.logs[i];
        // A standby sends no heartbeat, but it is ready only while Redis answers.
        all &= event_log_connected(log) && event_log_is_primary(log) &&
               (relay->role == ROLE_STANDBY || send_heartbeat(relay, i));
    }
    if (all)
        metric_set(&relay->metrics.heard_ms, clock_monotonic_ms());
}

static void look_at_certificates(struct relay *relay, uint64_t now_ms)
{
    if (now_ms < relay->next_look_ms)
        return;
    relay->next_look_ms = now_ms + LOOK_MS;
    certificates_look(&relay->certificates, &relay->metrics.reloads);
}

void relay_do_periodic_work(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    relay_update_gauges(relay, now_ms);
    if (relay->claimed && relay_nodes_any_connected(relay) && !relay_nodes_stuck(relay))
        relay->log_usable_ms = now_ms;
    store_acked(relay, now_ms);
    redelivery_rest(relay->redelivery, now_ms);
    look_at_certificates(relay, now_ms);
    if (now_ms < relay->next_heartbeat_ms || !relay_nodes_any_connected(relay))
        return;
    relay->next_heartbeat_ms = now_ms + HEARTBEAT_MS;
    send_heartbeats(relay);
}

void relay_wait(struct relay *relay, uint64_t ms)
{
    uint64_t until_ms = clock_monotonic_ms() + ms, now_ms;

    do {
        relay_do_periodic_work(relay);
        relay_count_waiting(relay);
        consumer_keep_alive(relay->consumer);
        now_ms = clock_monotonic_ms();
        if (now_ms < until_ms)
            clock_sleep_ms(until_ms - now_ms < RELAY_SLICE_MS ? until_ms - now_ms : RELAY_SLICE_MS);
    } while (clock_monotonic_ms() < until_ms && !relay_stopping());
}

bool relay_out_of_time(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!relay_stopping())
        return false;
    if (relay->stop_by_ms == 0)
        relay->stop_by_ms = now_ms + (uint64_t)relay->settings->drain_seconds * 1000;
    return now_ms >= relay->stop_by_ms;
}
