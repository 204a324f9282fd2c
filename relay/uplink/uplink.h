// Publishes the uplink to RabbitMQ: on a thread of its own, with a connection to Redis and a
// publisher of its own, and only while this relay is the active one.
//
// An entry is removed from the stream once RabbitMQ has confirmed it, so it is published at least
// once; its id in the stream is the id of the message. What RabbitMQ does not take becomes a dead
// letter, and is removed once that is confirmed. Nothing else removes an entry.
#pragma once

#include "common/attr.h"
#include "common/redis_settings.h"
#include "relay/rabbitmq/rabbitmq_types.h"
#include "relay/uplink/uplink_metrics.h"

struct uplink;

struct uplink_options {
    struct rabbit_options rabbit;       // with hosts that no other thread uses
    const struct redis_settings *redis; // borrowed, as all that is pointed to
    const char *letter_queue;
    enum rabbit_queue_type queue_type; // of that queue, if it is created
    // Whether this relay is the active one. Called on the thread, before each turn.
    bool (*is_active)(void *arg);
    void *arg;
    struct uplink_metrics *metrics;
};

// Starts the thread. Returns NULL if it cannot be started.
NODISCARD struct uplink *uplink_new(const struct uplink_options *options);
// Waits up to a second for confirms, and removes what has one. NULL is allowed.
void uplink_free(struct uplink *uplink);
