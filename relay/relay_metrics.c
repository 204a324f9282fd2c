#include "relay/relay_metrics.h"

#include <stddef.h>

#define FIELD(name) offsetof(struct relay_metrics, name)
#define RELOADS_HELP                                                                               \
    "Times that SIGHUP, or files of certificates that have changed, were obeyed; refused: a part " \
    "of what was read was wrong"
#define DEAD(word, status)                                                                         \
    {                                                                                              \
        "ws_relay_dead_letters_total", "reason=\"" word "\"", METRIC_COUNTER,                      \
            FIELD(dead_letters[status]), "Dead-lettered events, by reason"                         \
    }

// clang-format off
static const struct metric_info table[] = {
    {"ws_relay_build_info", "version=\"" GATEWAY_VERSION "\"", METRIC_INFO, 0,
     "Always 1; the label says which version this is"},
    {"ws_relay_events_total", NULL, METRIC_COUNTER, FIELD(events),
     "Events taken from RabbitMQ"},
    {"ws_relay_received_bytes_total", NULL, METRIC_COUNTER, FIELD(received_bytes),
     "Bytes of the bodies of events taken from RabbitMQ"},
    {"ws_relay_published_total", NULL, METRIC_COUNTER, FIELD(published),
     "Events appended to the log and published"},
    {"ws_relay_duplicates_total", NULL, METRIC_COUNTER, FIELD(duplicates),
     "Redelivered events that were in the log already"},
    {"ws_relay_unreadable_total", NULL, METRIC_COUNTER, FIELD(unreadable),
     "Events refused for good, without a dead letter, because their headers cannot be read"},
    DEAD("too_big", TRANSLATE_TOO_BIG),
    DEAD("not_json", TRANSLATE_NOT_JSON),
    DEAD("not_object", TRANSLATE_NOT_OBJECT),
    DEAD("no_room", TRANSLATE_NO_ROOM),
    DEAD("bad_room", TRANSLATE_BAD_ROOM),
    DEAD("no_list", TRANSLATE_NO_LIST),
    DEAD("too_many_rooms", TRANSLATE_TOO_MANY_ROOMS),
    DEAD("no_type", TRANSLATE_NO_TYPE),
    DEAD("bad_event", TRANSLATE_BAD_EVENT),
    {"ws_relay_dead_letters_confirmed_total", NULL, METRIC_COUNTER, FIELD(dead_letters_safe),
     "Dead letters that RabbitMQ has confirmed"},
    {"ws_relay_dead_letters_lost_total", NULL, METRIC_COUNTER, FIELD(dead_letters_lost),
     "Dead letters discarded because their queue did not accept them"},
    {"ws_relay_dead_letters_stripped_total", NULL, METRIC_COUNTER, FIELD(dead_letters_stripped),
     "Dead letters without the event's headers, which did not fit into an AMQP frame or could not be decoded"},
    {"ws_relay_dead_letters_failing", NULL, METRIC_GAUGE, FIELD(dead_letters_failing),
     "1 while the queue of dead letters does not accept them"},
    {"ws_relay_dead_letters_waiting", NULL, METRIC_GAUGE, FIELD(dead_letters_waiting),
     "Dead letters that RabbitMQ has not confirmed yet"},
    {"ws_relay_event_latency_seconds", NULL, METRIC_MILLISECONDS, FIELD(latency_ms),
     "Time from taking an event from RabbitMQ until the relay knew that it was in the log"},
    {"ws_relay_queued_events", NULL, METRIC_GAUGE, FIELD(queued),
     "Events that wait in the queues of RabbitMQ, updated every 5 s; 0 while this relay is not active"},
    {"ws_relay_unacked_events", NULL, METRIC_GAUGE, FIELD(unacked),
     "Events taken from RabbitMQ and not acknowledged yet"},
    {"ws_relay_batch_events", NULL, METRIC_COUNTS, FIELD(batch_events),
     "Events in one batch"},
    {"ws_relay_append_seconds", NULL, METRIC_MICROSECONDS, FIELD(append_us),
     "Time that the relay waited for Redis until a batch was in the log, including retries; not of "
     "answers that it left for later"},
    {"ws_relay_append_retries_total", NULL, METRIC_COUNTER, FIELD(append_retries),
     "Attempts to append a batch that failed and were repeated"},
    {"ws_relay_unreplicated_batches_total", NULL, METRIC_COUNTER, FIELD(unreplicated),
     "Times that fewer replicas than REDIS_WAIT_REPLICAS had a batch within 100 ms"},
    {"ws_relay_heartbeats_total", NULL, METRIC_COUNTER, FIELD(heartbeats),
     "Heartbeats published"},
    {"ws_relay_superseded_total", NULL, METRIC_COUNTER, FIELD(superseded),
     "Times that another relay claimed the log while this relay was active"},
    {"ws_relay_log_trimmed_total", NULL, METRIC_COUNTER, FIELD(log_trimmed),
     "Entries of the log removed to keep LOG_MAX_BYTES, or because Redis was out of memory"},
    {"ws_relay_presence_removed_total", NULL, METRIC_COUNTER, FIELD(presence_removed),
     "Users and rooms taken out of presence because their edge is gone"},
    {"ws_relay_given_up_total", NULL, METRIC_COUNTER, FIELD(given_up),
     "Times that the relay gave up its queues because Redis was unusable for 10 s"},
    {"ws_relay_reloads_total", "result=\"done\"", METRIC_COUNTER, FIELD(reloads.done), RELOADS_HELP},
    {"ws_relay_reloads_total", "result=\"refused\"", METRIC_COUNTER, FIELD(reloads.refused),
     RELOADS_HELP},
    {"ws_relay_rabbitmq_outages_total", NULL, METRIC_COUNTER, FIELD(rabbitmq_outages),
     "Times that the connection to RabbitMQ was lost"},
    {"ws_relay_rabbitmq_connected", NULL, METRIC_GAUGE, FIELD(rabbitmq_connected),
     "1 while connected to RabbitMQ"},
    {"ws_relay_routes_left_out", NULL, METRIC_GAUGE, FIELD(left_out),
     "Routes whose queue the active relay cannot consume"},
    {"ws_relay_routes_unbound", NULL, METRIC_GAUGE, FIELD(bindings_refused),
     "Routes whose queue is not bound to every exchange"},
    {"ws_relay_active", NULL, METRIC_GAUGE, FIELD(active),
     "1 while this relay is active"},
    {"ws_relay_events_per_second", NULL, METRIC_GAUGE, FIELD(events_per_second),
     "Events per second"},
    {"ws_relay_busy_percent", NULL, METRIC_GAUGE, FIELD(busy_percent),
     "Share of its time that the loop of the relay is at work, which decides whether it lingers"},
};

// For each server of REDIS_NODES.
static const struct metric_info redis_table[] = {
    {"ws_relay_redis_outages_total", NULL, METRIC_COUNTER,
     offsetof(struct relay_redis_metrics, outages),
     "Times that the connection to Redis was lost"},
    {"ws_relay_redis_connected", NULL, METRIC_GAUGE,
     offsetof(struct relay_redis_metrics, connected),
     "1 while connected to Redis"},
};
// clang-format on

void relay_metrics_print(const struct relay_metrics *metrics, struct buffer *out)
{
    metrics_print(table, ARRAY_LEN(table), metrics, out);
    metrics_print_each(redis_table, ARRAY_LEN(redis_table), metrics->redis,
                       sizeof(metrics->redis[0]), metrics->nodes, "node", out);
    api_metrics_print(&metrics->api, out);
    uplink_metrics_print(&metrics->uplink, out);
}
