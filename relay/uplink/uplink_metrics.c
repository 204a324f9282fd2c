#include "relay/uplink/uplink_metrics.h"

#include <stddef.h>

#define FIELD(name) offsetof(struct uplink_metrics, name)
#define LETTERS_HELP                                                                               \
    "Entries of the uplink that RabbitMQ did not take, and that became dead letters"
#define LIMITS_HELP                                                                                \
    "Times that the relay knew of as many entries of the uplink as it may, or had as many under "  \
    "way"

// clang-format off
static const struct metric_info table[] = {
    {"ws_relay_uplink_published_total", NULL, METRIC_COUNTER, FIELD(published),
     "Entries of the uplink that RabbitMQ has confirmed"},
    {"ws_relay_uplink_dead_letters_total", "reason=\"malformed\"", METRIC_COUNTER,
     FIELD(letters[UPLINK_MALFORMED]), LETTERS_HELP},
    {"ws_relay_uplink_dead_letters_total", "reason=\"unroutable\"", METRIC_COUNTER,
     FIELD(letters[UPLINK_UNROUTABLE]), LETTERS_HELP},
    {"ws_relay_uplink_dead_letters_total", "reason=\"refused\"", METRIC_COUNTER,
     FIELD(letters[UPLINK_REFUSED]), LETTERS_HELP},
    {"ws_relay_uplink_dead_letters_total", "reason=\"closed\"", METRIC_COUNTER,
     FIELD(letters[UPLINK_CLOSED]), LETTERS_HELP},
    {"ws_relay_uplink_dead_letters_total", "reason=\"unconfirmed\"", METRIC_COUNTER,
     FIELD(letters[UPLINK_UNCONFIRMED]), LETTERS_HELP},
    {"ws_relay_uplink_dead_letters_failed_total", NULL, METRIC_COUNTER, FIELD(letters_failed),
     "Times that a dead letter of the uplink was not taken; it is tried again"},
    {"ws_relay_uplink_retries_total", NULL, METRIC_COUNTER, FIELD(retries),
     "Times that an entry of the uplink was not confirmed and is tried again"},
    {"ws_relay_uplink_limits_total", "limit=\"entries\"", METRIC_COUNTER, FIELD(full), LIMITS_HELP},
    {"ws_relay_uplink_limits_total", "limit=\"under way\"", METRIC_COUNTER, FIELD(busy),
     LIMITS_HELP},
    {"ws_relay_uplink_redis_outages_total", NULL, METRIC_COUNTER, FIELD(redis_outages),
     "Times that the uplink lost its connection to Redis, or got none"},
    {"ws_relay_uplink_rabbitmq_outages_total", NULL, METRIC_COUNTER, FIELD(rabbitmq_outages),
     "Times that the uplink lost its connection to RabbitMQ, or got none"},
    {"ws_relay_uplink_entries", NULL, METRIC_GAUGE, FIELD(entries),
     "Entries of the uplink in Redis; 0 at a standby"},
    {"ws_relay_uplink_bytes", NULL, METRIC_GAUGE, FIELD(bytes),
     "Bytes of the uplink in Redis; 0 at a standby"},
    {"ws_relay_uplink_age_seconds", NULL, METRIC_GAUGE, FIELD(age_s),
     "How long the oldest entry of the uplink has waited, in whole seconds; 0 without one and at a standby"},
};
// clang-format on

void uplink_metrics_print(const struct uplink_metrics *metrics, struct buffer *out)
{
    metrics_print(table, ARRAY_LEN(table), metrics, out);
}
