// What the relay does however long something else takes: it speaks, looks after its connections,
// and ends when it is asked to.
#include "relay/relay_state.h"

#include <signal.h>

#include "common/clock.h"

#define HEARTBEAT_MS  1000
#define NOTE_ACKED_MS 300

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

static struct span encode_heartbeat(struct relay *relay)
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
    return buffer_span(&relay->control);
}

// One relay speaks: the active one. Where there is none, one of those that cannot reach RabbitMQ,
// so that edges learn why nothing comes. An active one that hears another was not alone for a
// while: it goes on speaking only if the log is still its own.
static bool speak(struct relay *relay)
{
    struct span heartbeat = encode_heartbeat(relay);
    enum event_log_speech speech = event_log_speak(relay->log, heartbeat, relay->id, false);

    if (speech == EVENT_LOG_SILENT && relay->claimed) {
        relay->superseded = event_log_is_superseded(relay->log, relay->sequence.epoch);
        if (!relay->superseded)
            speech = event_log_speak(relay->log, heartbeat, relay->id, true);
    }
    metric_add(&relay->metrics.heartbeats, speech == EVENT_LOG_HEARD);
    return speech != EVENT_LOG_UNHEARD;
}

// RabbitMQ may not have taken the last acknowledgements when the relay dies, so what is noted is
// what had been sent a while ago.
static void note_acked(struct relay *relay, uint64_t now_ms)
{
    if (!relay->claimed || now_ms < relay->next_note_ms)
        return;
    relay->next_note_ms = now_ms + NOTE_ACKED_MS;
    bool due = now_ms >= relay->noted_ms + HEARTBEAT_MS; // whether Redis takes writes is asked too
    if (due || position_compare(relay->acked_before, relay->acked_noted) > 0) {
        relay->noted_ms = now_ms;
        if (event_log_note_acked(relay->log, relay->acked_before))
            relay->acked_noted = relay->acked_before;
    }
    relay->acked_before = relay->acked;
}

void relay_look_around(struct relay *relay)
{
    uint64_t now_ms = clock_monotonic_ms();

    relay_observe(relay, now_ms);
    if (relay->claimed && event_log_connected(relay->log))
        relay->log_usable_ms = now_ms;
    note_acked(relay, now_ms);
    redelivery_rest(relay->redelivery, now_ms);
    if (now_ms < relay->next_heartbeat_ms || !event_log_connected(relay->log))
        return;
    relay->next_heartbeat_ms = now_ms + HEARTBEAT_MS;
    if (event_log_is_primary(relay->log) && (relay->role == ROLE_STANDBY || speak(relay)))
        metric_set(&relay->metrics.heard_ms, clock_monotonic_ms());
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
            clock_sleep_ms(until_ms - now_ms < RELAY_SLICE_MS ? until_ms - now_ms : RELAY_SLICE_MS);
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
