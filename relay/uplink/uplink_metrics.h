// What the relay counts of the uplink.
#pragma once

#include "common/metrics.h"

// Why an entry became a dead letter.
enum uplink_fault {
    UPLINK_MALFORMED,   // it lacks a field, or has one that AMQP does not allow
    UPLINK_UNROUTABLE,  // no queue is bound for it
    UPLINK_REFUSED,     // a queue has refused it for 30 s
    UPLINK_CLOSED,      // RabbitMQ has closed the channel over it: no such exchange, no right
    UPLINK_UNCONFIRMED, // it was not confirmed for 40 s, while the connection worked
    UPLINK_FAULTS
};

struct uplink_metrics {
    metric published;
    metric letters[UPLINK_FAULTS];
    metric letters_failed; // attempts
    metric full, busy;     // times that the window knew, or held, as much as it may
    metric retries;        // entries that were sent again, or could not be sent at once
    metric redis_outages, rabbitmq_outages;
    metric entries, bytes, age_s; // of the stream, while this relay is active
};

void uplink_metrics_print(const struct uplink_metrics *metrics, struct buffer *out);
