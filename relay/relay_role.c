#include "relay/relay_role.h"

#include "common/clock.h"
#include "relay/event_log/acked.h"
#include "relay/event_log/claim.h"
#include "relay/rabbitmq/join.h"
#include "relay/relay_duties.h"
#include "relay/relay_nodes.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define STANDBY_RETRY_MS 1000
#define GIVE_UP_MS       10000
#define AWAY_MS          3000 // longer than STANDBY_RETRY_MS, so that a standby tries first

void relay_on_consumer_lost(struct relay *relay)
{
    relay->claimed = relay->holding = relay->superseded = false;
    dead_letters_forget(relay->letters);
}

void relay_leave_queues(struct relay *relay)
{
    relay_on_consumer_lost(relay);
    consumer_leave(relay->consumer);
}

void relay_become_standby(struct relay *relay)
{
    log_error("another relay has claimed the log; this one stands by and gives its events back to "
              "RabbitMQ events=%zu reason=%s",
              relay_nodes_batched(relay),
              "this relay was frozen or cut off, or two RabbitMQs share one Redis database");
    metric_add(&relay->metrics.superseded, 1);
    relay_nodes_clear(relay);
    relay_leave_queues(relay);
    relay->role = ROLE_STANDBY;
    relay_wait(relay, STANDBY_RETRY_MS);
}

bool relay_give_up(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!relay->holding || now_ms < relay->log_usable_ms + GIVE_UP_MS)
        return false;
    log_warn(
        "Redis could not be used; the queues and their events are given back, another relay may "
        "fare better events=%zu seconds=%d",
        relay_nodes_batched(relay), GIVE_UP_MS / 1000);
    metric_add(&relay->metrics.given_up, 1);
    relay_nodes_clear(relay);
    relay_leave_queues(relay);
    relay->role = ROLE_STARTING;
    relay->away_until_ms = now_ms + AWAY_MS;
    return true;
}

static void wait_for_log(struct relay *relay, uint64_t ms)
{
    if (!relay_give_up(relay))
        relay_wait(relay, ms);
}

static bool read_acked(struct relay *relay, struct position acked[REDIS_NODES_MAX])
{
    for (unsigned i = 0; i < relay->logs.count; i++)
        if (!event_log_read_acked(relay->logs.logs[i], &acked[i]))
            return false;
    return true;
}

static void begin_at(struct relay *relay, const struct position acked[REDIS_NODES_MAX])
{
    relay_nodes_clear(relay); // RabbitMQ delivers again what is in them
    for (unsigned i = 0; i < relay->logs.count; i++) {
        struct relay_node *node = &relay->nodes[i];
        node->logged = node->acked = node->acked_before = node->acked_stored = acked[i];
        backoff_reset(&node->backoff);
        node->next_try_ms = 0;
    }
}

// Claims the log, so that Redis refuses the events of every other relay from now on. Then reads
// what RabbitMQ may deliver again although it is in the log.
static bool claim(struct relay *relay)
{
    struct position acked[REDIS_NODES_MAX];

    if (!relay->holding)
        relay->log_usable_ms = clock_monotonic_ms();
    relay->holding = true;
    if (!event_log_claim(&relay->logs, clock_wall_ms(), &relay->sequence) ||
        !read_acked(relay, acked) ||
        !redelivery_begin(relay->redelivery, relay->sequence.epoch, acked)) {
        wait_for_log(relay, backoff_next_ms(&relay->claim_backoff, true));
        return false;
    }
    begin_at(relay, acked);
    backoff_reset(&relay->claim_backoff);
    backoff_reset(&relay->consumer_backoff);
    memcpy(relay->tops, relay->sequence.last, sizeof(relay->tops));
    relay->claimed = true;
    relay->role = ROLE_ACTIVE;
    relay->next_heartbeat_ms = 0;
    log_info("active relay=%s epoch=%" PRIu64 " ids=%zu", relay->id, relay->sequence.epoch,
             redelivery_count(relay->redelivery));
    return true;
}

// A relay that has claimed the log goes on with the servers that are there. All of them are needed
// to claim it: the first positions of a shard follow from the last ones, and so does which
// redelivered events are known.
static bool ensure_log(struct relay *relay)
{
    relay_nodes_connect(relay);
    if (relay->claimed ? relay_nodes_any_connected(relay) : relay_nodes_all_connected(relay))
        return !relay_nodes_stuck(relay) || !relay_give_up(relay);
    wait_for_log(relay, relay_nodes_wait_ms(relay, RELAY_SLICE_MS));
    return false;
}

// Whether another relay is active is not known without RabbitMQ: ws:speaker shows it.
static void cease_to_stand_by(struct relay *relay)
{
    if (relay->role != ROLE_STANDBY || !relay_nodes_read_tops(relay))
        return;
    relay->role = ROLE_STARTING;
    relay->next_heartbeat_ms = 0;
}

// The queues come first. Claiming the log takes it away from the relay that has it, so only one
// that holds the queues may do that.
static bool ensure_active(struct relay *relay)
{
    if (relay->claimed && consumer_connected(relay->consumer))
        return true;
    if (relay->claimed)
        relay_on_consumer_lost(relay);
    if (clock_monotonic_ms() < relay->away_until_ms) {
        relay_wait(relay, RELAY_SLICE_MS);
        return false;
    }
    switch (consumer_join(relay->consumer)) {
    case CONSUMER_ACTIVE:
        return claim(relay);
    case CONSUMER_STANDBY:
        relay->role = ROLE_STANDBY;
        relay_nodes_clear(relay); // the active one gets what is in them
        backoff_reset(&relay->consumer_backoff);
        relay_wait(relay, STANDBY_RETRY_MS);
        return false;
    case CONSUMER_ELSEWHERE:
        return false;
    default:
        cease_to_stand_by(relay);
        relay_wait(relay, backoff_next_ms(&relay->consumer_backoff,
                                          rabbit_hosts_reached(&relay->rabbitmq_hosts)));
        return false;
    }
}

bool relay_is_active(struct relay *relay)
{
    if (relay->superseded) {
        relay_become_standby(relay);
        return false;
    }
    return ensure_log(relay) && ensure_active(relay);
}
