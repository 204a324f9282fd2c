#include "relay/relay_state.h"

#include <signal.h>
#include <time.h>

#include "common/clock.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define HEARTBEAT_MS     1000
#define STANDBY_RETRY_MS 1000
#define SLICE_MS         100 // the longest wait after which the loop looks around
#define CONFIRM_MS       500
#define COMPANY_ENOUGH   32 // events in a batch

static volatile sig_atomic_t stop_requested;

bool relay_stop(void)
{
    bool again = stop_requested;

    stop_requested = 1;
    return again;
}

bool relay_stopping(void)
{
    return stop_requested != 0;
}

static void publish_heartbeat(struct relay *relay)
{
    struct control control = {
        .kind = CONTROL_HEARTBEAT,
        .heartbeat =
            {
                .relay = span_of(relay->id),
                .at_ms = clock_wall_ms(),
                .shard_count = (size_t)relay->settings->bus_shards,
                .bus_connected = event_source_connected(relay->source),
                .reconnect_attempts = relay->source_backoff.attempts,
                .bus_host = span_of(relay->settings->rabbitmq_host),
                .bus_port = (uint32_t)relay->settings->rabbitmq_port,
            },
    };

    memcpy(control.heartbeat.tops, relay->tops, sizeof(relay->tops));
    buffer_clear(&relay->control);
    control_encode(&control, &relay->control);
    if (event_log_publish_control(relay->log, buffer_span(&relay->control)))
        metric_add(&relay->metrics.heartbeats, 1);
}

// What must happen however long something else takes; called at least every few hundred ms.
void relay_look_around(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    relay_observe(relay, now_ms);
    if (relay->role == ROLE_STANDBY || now_ms < relay->next_heartbeat_ms ||
        !event_log_connected(relay->log))
        return;
    relay->next_heartbeat_ms = now_ms + HEARTBEAT_MS;
    publish_heartbeat(relay);
}

static void sleep_ms(uint64_t ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL); // a signal ends it early, which is wanted
}

void relay_wait(struct relay *relay, uint64_t ms)
{
    uint64_t until_ms = clock_monotonic_ms() + ms, now_ms;

    do {
        relay_look_around(relay);
        relay_count_waiting(relay);
        event_source_keep_alive(relay->source);
        now_ms = clock_monotonic_ms();
        if (now_ms < until_ms)
            sleep_ms(until_ms - now_ms < SLICE_MS ? until_ms - now_ms : SLICE_MS);
    } while (clock_monotonic_ms() < until_ms && !stop_requested);
}

bool relay_out_of_time(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (!stop_requested)
        return false;
    if (relay->stop_by_ms == 0)
        relay->stop_by_ms = now_ms + (uint64_t)relay->settings->drain_seconds * 1000;
    return now_ms >= relay->stop_by_ms;
}

static void remember_id(struct span id, void *arg)
{
    dedup_add(arg, id);
}

// Becomes active: from now on Redis refuses every other relay, and what may be delivered again
// although it is in the log already is known.
static bool claim(struct relay *relay)
{
    size_t in_doubt = (size_t)relay->settings->prefetch * relay->routes->count;

    dedup_clear(relay->dedup);
    if (!event_log_claim(relay->log, clock_wall_ms(), &relay->sequence) ||
        !event_log_newest_ids(relay->log, in_doubt, remember_id, relay->dedup)) {
        relay_wait(relay, backoff_next_ms(&relay->log_backoff));
        return false;
    }
    backoff_reset(&relay->log_backoff);
    backoff_reset(&relay->source_backoff);
    memcpy(relay->tops, relay->sequence.last, sizeof(relay->tops));
    relay->claimed = true;
    relay->role = ROLE_ACTIVE;
    relay->unacked_count = 0; // tags of the channel before this one
    relay->next_heartbeat_ms = 0;
    log_info("active relay=%s epoch=%" PRIu64 " known_ids=%zu", relay->id, relay->sequence.epoch,
             dedup_count(relay->dedup));
    return true;
}

static bool ensure_log(struct relay *relay)
{
    if (event_log_connected(relay->log))
        return true;
    if (event_log_connect(relay->log) &&
        (relay->claimed || event_log_read_tops(relay->log, relay->tops)))
        return true;
    relay_wait(relay, backoff_next_ms(&relay->log_backoff));
    return false;
}

// Everything that was delivered and not acknowledged will come again, to us or to another.
static void on_source_lost(struct relay *relay)
{
    relay->claimed = false;
    relay->unacked_count = 0;
    dead_letters_forget(relay->letters);
}

static bool ensure_active(struct relay *relay)
{
    if (relay->claimed && event_source_connected(relay->source))
        return true;
    if (relay->claimed)
        on_source_lost(relay);
    switch (event_source_join(relay->source)) {
    case SOURCE_ACTIVE:
        return claim(relay);
    case SOURCE_STANDBY:
        relay->role = ROLE_STANDBY;
        backoff_reset(&relay->source_backoff);
        relay_wait(relay, STANDBY_RETRY_MS);
        return false;
    default:
        relay_wait(relay, backoff_next_ms(&relay->source_backoff));
        return false;
    }
}

static void bury(struct relay *relay, const struct event *event, enum translate_status status)
{
    const char *reason = translate_status_str(status);

    log_warn("event dead-lettered reason=\"%s\" exchange=" SPAN_FMT " routing_key=" SPAN_FMT
             " message_id=" SPAN_FMT " bytes=%zu",
             reason, SPAN_ARG(event->exchange), SPAN_ARG(event->routing_key),
             SPAN_ARG(event->message_id), event->body.len);
    metric_add(&relay->metrics.dead_letters[status], 1);
    dead_letters_add(relay->letters, event, reason);
    relay->next_letters_ms = 0;
}

static void accept_event(struct relay *relay, const struct event *event)
{
    struct envelope envelope;

    metric_add(&relay->metrics.events, 1);
    metric_add(&relay->metrics.received_bytes, event->body.len);
    enum translate_status status = translate(relay->translator, event, &envelope);
    if (status != TRANSLATE_OK) {
        bury(relay, event, status);
        return;
    }
    if (event->redelivered && dedup_take(relay->dedup, envelope.id)) {
        metric_add(&relay->metrics.duplicates, 1);
        batch_add_known(&relay->batch, event->tag);
        return;
    }
    envelope.origin = span_of(relay->id);
    batch_add(&relay->batch, &relay->sequence, event->tag, &envelope);
    log_debug("event taken message=" SPAN_FMT " room=" SPAN_FMT, SPAN_ARG(envelope.id),
              SPAN_ARG(envelope.room));
}

static bool take_one(struct relay *relay, uint32_t wait_ms)
{
    struct event event;

    switch (event_source_take(relay->source, wait_ms, &event)) {
    case SOURCE_EVENT:
        accept_event(relay, &event);
        return true;
    case SOURCE_LOST:
        on_source_lost(relay);
        return false;
    default:
        return false;
    }
}

static uint32_t until_next_duty(const struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t left_ms = relay->next_heartbeat_ms > now_ms ? relay->next_heartbeat_ms - now_ms : 0;

    return (uint32_t)(left_ms < SLICE_MS ? left_ms : SLICE_MS);
}

// What one read from the network brings. A busy relay has lingered before, so that this is more
// than one event.
static void take_batch(struct relay *relay)
{
    size_t taken = 0;

    if (dead_letters_full(relay->letters)) {
        relay_wait(relay, SLICE_MS);
        return;
    }
    if (take_one(relay, until_next_duty(relay)))
        taken++;
    while (taken > 0 && event_source_has_more(relay->source) && !batch_full(&relay->batch) &&
           !dead_letters_full(relay->letters) && take_one(relay, 0))
        taken++;
    pace_note(&relay->pace, clock_monotonic_ms(), taken);
}

// Redis itself has said that another relay is active. Without acknowledgement the events of the
// batch go to that one.
static void stand_down(struct relay *relay)
{
    log_error("another relay has claimed the log: this one was frozen or cut off, or two RabbitMQs "
              "share one Redis database; it stops being active and stands by, events=%zu go back "
              "to RabbitMQ",
              batch_event_count(&relay->batch));
    metric_add(&relay->metrics.superseded, 1);
    batch_clear(&relay->batch);
    on_source_lost(relay);
    event_source_leave(relay->source);
    relay->role = ROLE_STANDBY;
    relay_wait(relay, STANDBY_RETRY_MS);
}

static void on_logged(struct relay *relay)
{
    memcpy(relay->tops, relay->sequence.last, sizeof(relay->tops));
    backoff_reset(&relay->log_backoff);
}

// Keeps at it until the batch is in the log. False when it is not ours to append any more, or
// when there is no time left.
static bool log_batch(struct relay *relay)
{
    uint64_t began_us = clock_monotonic_us();

    while (!batch_logged(&relay->batch)) {
        switch (event_log_append(relay->log, &relay->batch)) {
        case EVENT_LOG_OK:
            on_logged(relay);
            relay_observe_batch(relay, began_us);
            break;
        case EVENT_LOG_SUPERSEDED:
            stand_down(relay);
            return false;
        case EVENT_LOG_FAILED:
            if (relay_out_of_time(relay))
                return false;
            metric_add(&relay->metrics.append_retries, 1);
            relay_wait(relay, backoff_next_ms(&relay->log_backoff));
            break;
        }
    }
    return true;
}

void relay_acknowledge(struct relay *relay)
{
    if (relay->unacked_count > 0)
        event_source_ack(relay->source, relay->unacked_tag, true);
    relay->unacked_count = 0;
}

// One acknowledgement covers all before it. A busy relay holds it back for a few batches; one
// that has nothing to do, or has used up much of the prefetch, sends it.
static void acknowledge_batch(struct relay *relay)
{
    const struct batch *batch = &relay->batch;
    size_t enough = (size_t)relay->settings->prefetch / 4;

    if (dead_letters_count(relay->letters) > 0) {
        // The events of dead letters must not be acknowledged along with the others.
        relay_acknowledge(relay);
        for (size_t i = 0; i < batch->count; i++)
            event_source_ack(relay->source, batch->entries[i].tag, false);
    } else if (batch->count > 0) {
        relay->unacked_tag = batch->entries[batch->count - 1].tag;
        relay->unacked_count += batch->count;
    }
    if (batch->count == 0 || pace_linger_ms(&relay->pace) == 0 || relay->unacked_count >= enough)
        relay_acknowledge(relay);
    batch_clear(&relay->batch);
}

static void on_letter_safe(uint64_t tag, void *arg)
{
    struct relay *relay = arg;

    metric_add(&relay->metrics.dead_letters_safe, 1);
    event_source_ack(relay->source, tag, false);
}

void relay_send_dead_letters(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms < relay->next_letters_ms)
        return;
    if (dead_letters_flush(relay->letters, CONFIRM_MS, on_letter_safe, relay)) {
        backoff_reset(&relay->letter_backoff);
        relay->next_letters_ms = now_ms + HEARTBEAT_MS;
    } else {
        relay->next_letters_ms = clock_monotonic_ms() + backoff_next_ms(&relay->letter_backoff);
    }
}

// With so much company already, waiting for more would only leave RabbitMQ waiting for
// acknowledgements.
static void linger(const struct relay *relay, size_t taken)
{
    uint32_t linger_ms = pace_linger_ms(&relay->pace);

    if (linger_ms > 0 && taken < COMPANY_ENOUGH && !event_source_has_more(relay->source) &&
        !stop_requested)
        sleep_ms(linger_ms);
}

void relay_turn(struct relay *relay)
{
    relay_look_around(relay);
    if (!ensure_log(relay) || !ensure_active(relay))
        return;
    relay_count_waiting(relay);
    take_batch(relay);
    event_log_send(relay->log, &relay->batch);
    linger(relay, relay->batch.count); // Redis works meanwhile, and further events gather
    if (!log_batch(relay))
        return;
    acknowledge_batch(relay);
    relay_send_dead_letters(relay);
}
