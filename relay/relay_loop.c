#include "relay/relay_loop.h"

#include "common/clock.h"
#include "relay/event_log/size_limit.h"
#include "relay/relay_duties.h"
#include "relay/relay_gauges.h"
#include "relay/relay_nodes.h"
#include "relay/relay_requests.h"
#include "relay/relay_role.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define LINGER_BELOW 32  // events in a batch; with as many it is not delayed
#define TAKE_LEAST   8   // events that are taken at a time, if the prefetch is small …
#define TAKE_MOST    256 // … and if it is large
#define ANSWERS_MS   40  // longest wait for an event while answers of Redis are to come

static void dead_letter_event(struct relay *relay, const struct event *event,
                              enum translate_status status)
{
    const char *reason = translate_status_str(status);

    log_warn("event dead-lettered reason=%s exchange=" SPAN_FMT " routing_key=" SPAN_FMT
             " message_id=" SPAN_FMT " bytes=%" PRIu64,
             reason, SPAN_ARG(event->exchange), SPAN_ARG(event->routing_key),
             SPAN_ARG(event->message_id), event->body.len + event->missing_bytes);
    metric_add(&relay->metrics.dead_letters[status], 1);
    dead_letters_add(relay->letters, event, reason);
}

static enum redelivery_status check_redelivery(struct relay *relay, const struct event *event,
                                               const struct envelope *envelope)
{
    // Otherwise the id is a hash that the translator made.
    bool named = envelope->id.ptr == event->message_id.ptr;

    if (!event->redelivered)
        return REDELIVERY_FRESH;
    return redelivery_check(relay->redelivery, envelope->id, named,
                            relay_nodes_of_room(relay, envelope->room));
}

// Puts an event into the batch or to the dead letters. Returns false if the log could not be read
// to check a redelivered event: the queues are left then, and RabbitMQ delivers the event again.
static bool accept_event(struct relay *relay, const struct event *event)
{
    struct envelope envelope;

    metric_add(&relay->metrics.events, 1);
    metric_add(&relay->metrics.received_bytes, event->body.len + event->missing_bytes);
    enum translate_status status = translate(relay->translator, event, &envelope);
    if (status != TRANSLATE_OK) {
        dead_letter_event(relay, event, status);
        return true;
    }
    switch (check_redelivery(relay, event, &envelope)) {
    case REDELIVERY_UNDECIDED:
        relay_leave_queues(relay);
        return false;
    case REDELIVERY_KNOWN:
        metric_add(&relay->metrics.duplicates, 1);
        batch_add_known(relay_nodes_batch_of(relay, envelope.room), event->tag);
        return true;
    case REDELIVERY_FRESH:
        break;
    }
    envelope.origin = span_of(relay->id);
    batch_add(relay_nodes_batch_of(relay, envelope.room), &relay->sequence, event->tag, &envelope);
    log_debug("event taken envelope=" SPAN_FMT " room=" SPAN_FMT, SPAN_ARG(envelope.id),
              SPAN_ARG(envelope.room));
    return true;
}

static bool take_one(struct relay *relay, uint32_t wait_ms)
{
    struct event event;

    switch (consumer_take(relay->consumer, wait_ms, &event)) {
    case CONSUMER_EVENT:
        return accept_event(relay, &event);
    case CONSUMER_LOST:
        relay_on_consumer_lost(relay);
        return false;
    default:
        return false;
    }
}

// How long to wait for an event. A wait is one read of ANSWERS_MS or more (rabbit_next()), a
// shorter one takes two more calls. So it does not become shorter the longer answers have been to
// come, and a heartbeat may be late by as much.
static uint32_t event_wait_ms(const struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (relay_nodes_in_flight(relay) || relay->next_heartbeat_ms < now_ms + ANSWERS_MS)
        return ANSWERS_MS;
    uint64_t left_ms = relay->next_heartbeat_ms - now_ms;
    return (uint32_t)(left_ms < RELAY_SLICE_MS ? left_ms : RELAY_SLICE_MS);
}

static bool has_room(const struct relay *relay)
{
    return !relay_nodes_full(relay) && !dead_letters_full(relay->letters);
}

// A quarter of what RabbitMQ sends without an acknowledgement: so it has something to send while
// Redis is at work.
static size_t take_max(const struct relay *relay)
{
    size_t quarter = consumer_prefetch(relay->consumer) / 4;

    return quarter < TAKE_LEAST ? TAKE_LEAST : quarter < TAKE_MOST ? quarter : TAKE_MOST;
}

// Takes what one read from the network brings. A busy relay has lingered before the read, so that
// it brings several events. While none may be taken, waits until an append is tried again.
static size_t take_batch(struct relay *relay)
{
    size_t taken = 0, max = take_max(relay);

    if (relay_nodes_all_hold(relay) || !has_room(relay)) {
        if (!relay_nodes_in_flight(relay))
            relay_wait(relay, relay_nodes_wait_ms(relay, RELAY_SLICE_MS));
        return 0;
    }
    if (take_one(relay, (uint32_t)relay_nodes_wait_ms(relay, event_wait_ms(relay))))
        taken++;
    while (taken > 0 && consumer_has_more(relay->consumer) && taken < max && has_room(relay) &&
           take_one(relay, 0))
        taken++;

    uint64_t now_ms = clock_monotonic_ms();
    if (taken > 0)
        relay->log_usable_ms = now_ms;
    linger_record(&relay->linger, now_ms, taken);
    return taken;
}

// An acknowledgement of all up to a tag would include events whose dead letters are not confirmed,
// and those of a batch that is held.
static bool must_acknowledge_one_by_one(const struct relay *relay)
{
    return dead_letters_count(relay->letters) > 0 || relay_nodes_hold(relay);
}

// The oldest delivery that is not in the log.
static uint64_t oldest_unlogged(const struct relay *relay)
{
    uint64_t oldest = UINT64_MAX;

    for (unsigned i = 0; i < relay->logs.count; i++) {
        const struct batch *batch = &relay->nodes[i].batch;
        size_t logged = batch_logged_count(batch, UINT64_MAX);
        if (logged < batch->count && batch->entries[logged].tag < oldest)
            oldest = batch->entries[logged].tag;
    }
    return oldest;
}

// Removes what is in the log from the batch of a server and, if not all up to a tag are to be
// acknowledged, acknowledges it. Returns the last tag; 0: there is none.
static uint64_t let_go(struct relay *relay, struct relay_node *node, uint64_t below,
                       bool one_by_one)
{
    size_t count = batch_logged_count(&node->batch, below);
    struct position newest = {0};
    uint64_t tag = 0;

    for (size_t i = 0; i < count; i++) {
        const struct batch_entry *entry = &node->batch.entries[i];
        tag = entry->tag;
        if (!position_is_none(entry->position))
            newest = entry->position;
        if (one_by_one)
            consumer_ack(relay->consumer, tag, false);
    }
    if (!position_is_none(newest))
        node->logged = newest;
    if (count > 0)
        batch_drop(&node->batch, count);
    return tag;
}

// One acknowledgement covers all that was logged since the one before.
void relay_acknowledge(struct relay *relay)
{
    bool one_by_one = must_acknowledge_one_by_one(relay);
    uint64_t below = one_by_one ? UINT64_MAX : oldest_unlogged(relay), last = 0;

    // Otherwise the tags may be of a channel that is lost, and another one there already.
    if (!relay->claimed)
        return;
    for (unsigned i = 0; i < relay->logs.count; i++) {
        uint64_t tag = let_go(relay, &relay->nodes[i], below, one_by_one);
        last = tag > last ? tag : last;
    }
    if (last > 0 && !one_by_one)
        consumer_ack(relay->consumer, last, true);
    if (!consumer_connected(relay->consumer))
        return;
    for (unsigned i = 0; i < relay->logs.count; i++)
        relay->nodes[i].acked = relay->nodes[i].logged;
}

// A large batch is not delayed: RabbitMQ may send no further events before it gets
// acknowledgements.
static void linger(const struct relay *relay, size_t taken)
{
    uint32_t linger_ms = linger_wait_ms(&relay->linger);

    if (linger_ms > 0 && taken < LINGER_BELOW && !consumer_has_more(relay->consumer) &&
        !relay_stopping())
        clock_sleep_ms(linger_ms);
}

bool relay_loop_log(struct relay *relay, bool idle)
{
    if (!relay_nodes_append(relay, idle)) {
        relay_become_standby(relay);
        return false;
    }
    relay_acknowledge(relay);
    return true;
}

// The order is what the relay promises: an event is acknowledged only once it is in the log.
void relay_loop_once(struct relay *relay)
{
    relay_do_periodic_work(relay);
    if (!relay_is_active(relay))
        return;
    relay_count_waiting(relay);
    consumer_tend(relay->consumer);
    size_t taken = take_batch(relay);
    relay_nodes_send(relay);
    linger(relay, taken); // Redis works meanwhile, and further events arrive
    if (!relay_loop_log(relay, taken == 0))
        return;
    if (taken == 0)
        relay->awaits = true; // the answer to an event that comes alone
    for (unsigned i = 0; i < relay->logs.count; i++)
        event_log_keep_within_bytes(relay->logs.logs[i]);
    dead_letters_flush(relay->letters);
}
