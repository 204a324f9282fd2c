// What the relay counts, for Prometheus and for the probes of the operations port.
#pragma once

#include "common/metrics.h"
#include "relay/translate.h"

struct relay_metrics {
    metric events;                               // taken from RabbitMQ
    metric published;                            // in the log and on the bus
    metric duplicates;                           // redelivered, and in the log already
    metric dead_letters[TRANSLATE_STATUS_COUNT]; // by reason; TRANSLATE_OK stays unused
    metric dead_letters_safe;
    metric dead_letters_waiting;
    metric batches;
    metric append_retries;
    metric append_us; // time from sending a batch to Redis until it is in, together
    metric received_bytes;
    metric heartbeats;
    metric superseded;
    metric redis_outages, rabbitmq_outages;
    metric redis_connected, rabbitmq_connected;
    metric active;
    metric stopping;
    metric events_per_second;
    metric turned_ms; // monotonic clock when the loop last moved
};

void relay_metrics_print(const struct relay_metrics *metrics, struct buffer *out);
