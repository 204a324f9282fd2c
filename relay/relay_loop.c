#include "relay/relay_loop.h"

#include "common/clock.h"
#include "relay/event_log/size_limit.h"
#include "relay/relay_duties.h"
#include "relay/relay_gauges.h"
#include "relay/relay_requests.h"
#include "relay/relay_role.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define LINGER_BELOW 32 // events in a batch; with as many it is not delayed

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
                                               struct span id)
{
    bool named = id.ptr == event->message_id.ptr; // else it is a hash that the translator made

    return event->redelivered ? redelivery_check(relay->redelivery, id, named) : REDELIVERY_FRESH;
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
    switch (check_redelivery(relay, event, envelope.id)) {
    case REDELIVERY_UNDECIDED:
        relay_leave_queues(relay);
        return false;
    case REDELIVERY_KNOWN:
        metric_add(&relay->metrics.duplicates, 1);
        batch_add_known(&relay->batch, event->tag);
        return true;
    case REDELIVERY_FRESH:
        break;
    }
    envelope.origin = span_of(relay->id);
    batch_add(&relay->batch, &relay->sequence, event->tag, &envelope);
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

static uint32_t until_next_duty(const struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t left_ms = relay->next_heartbeat_ms > now_ms ? relay->next_heartbeat_ms - now_ms : 0;

    return (uint32_t)(left_ms < RELAY_SLICE_MS ? left_ms : RELAY_SLICE_MS);
}

// Takes what one read from the network brings. A busy relay has lingered before the read, so that
// it brings several events.
static void take_batch(struct relay *relay)
{
    size_t taken = 0;

    if (dead_letters_full(relay->letters)) {
        relay_wait(relay, RELAY_SLICE_MS);
        return;
    }
    if (take_one(relay, until_next_duty(relay)))
        taken++;
    while (taken > 0 && consumer_has_more(relay->consumer) && !batch_full(&relay->batch) &&
           !dead_letters_full(relay->letters) && take_one(relay, 0))
        taken++;
    linger_record(&relay->linger, clock_monotonic_ms(), taken);
}

static void on_logged(struct relay *relay)
{
    memcpy(relay->tops, relay->sequence.last, sizeof(relay->tops));
    backoff_reset(&relay->log_backoff);
}

// Tries until the batch is in the log. Returns false if another relay has claimed the log, if this
// one has given up the queues, or if its time to stop is over.
static bool log_batch(struct relay *relay)
{
    uint64_t began_us = clock_monotonic_us();

    while (!batch_logged(&relay->batch)) {
        switch (event_log_append(relay->log, &relay->batch)) {
        case EVENT_LOG_OK:
            on_logged(relay);
            relay_record_batch(relay, began_us);
            break;
        case EVENT_LOG_SUPERSEDED:
            relay_become_standby(relay);
            return false;
        case EVENT_LOG_FAILED:
            if (relay_out_of_time(relay) || relay_give_up(relay))
                return false;
            metric_add(&relay->metrics.append_retries, 1);
            relay_wait(relay, backoff_next_ms(&relay->log_backoff, relay->redis_host.reached));
            break;
        }
    }
    relay->logged = (struct position){relay->sequence.epoch, relay->sequence.seq};
    return true;
}

void relay_acknowledge(struct relay *relay)
{
    if (relay->unacked_count > 0)
        consumer_ack(relay->consumer, relay->unacked_tag, true);
    relay->unacked_count = 0;
    if (relay->claimed && consumer_connected(relay->consumer))
        relay->acked = relay->logged;
}

// One acknowledgement covers all deliveries up to its tag, so a busy relay holds it back for a few
// batches. It is sent when nothing was taken, when the rate is low, and when a quarter of the
// prefetch is unacknowledged.
static void acknowledge_batch(struct relay *relay)
{
    const struct batch *batch = &relay->batch;
    size_t enough = (size_t)relay->settings->prefetch / 4;

    if (dead_letters_count(relay->letters) > 0) {
        // An acknowledgement of all up to a tag would include events whose dead letters are not
        // confirmed.
        relay_acknowledge(relay);
        for (size_t i = 0; i < batch->count; i++)
            consumer_ack(relay->consumer, batch->entries[i].tag, false);
    } else if (batch->count > 0) {
        relay->unacked_tag = batch->entries[batch->count - 1].tag;
        relay->unacked_count += batch->count;
    }
    if (batch->count == 0 || linger_wait_ms(&relay->linger) == 0 || relay->unacked_count >= enough)
        relay_acknowledge(relay);
    batch_clear(&relay->batch);
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

// The order is what the relay promises: an event is acknowledged only once it is in the log.
void relay_loop_once(struct relay *relay)
{
    relay_do_periodic_work(relay);
    if (!relay_is_active(relay))
        return;
    relay_count_waiting(relay);
    consumer_tend(relay->consumer);
    take_batch(relay);
    event_log_send(relay->log, &relay->batch);
    linger(relay, relay->batch.count); // Redis works meanwhile, and further events arrive
    if (!log_batch(relay))
        return;
    acknowledge_batch(relay);
    event_log_keep_within_bytes(relay->log);
    dead_letters_flush(relay->letters);
}
