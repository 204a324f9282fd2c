// Publishes events of the HTTP API to RabbitMQ, over a connection and on a thread of their own, and
// learns what became of each: publisher confirms, mandatory.
//
// Nothing is kept for later: an event that cannot be sent at once is refused, and its sender can
// send it again. Whether RabbitMQ has taken an event is unknown if it was sent and the confirm has
// not come.
#pragma once

#include "common/attr.h"
#include "common/list.h"
#include "common/metrics.h"
#include "relay/rabbitmq/rabbitmq_types.h"

enum publish_outcome {
    PUBLISH_DONE,        // RabbitMQ has it
    PUBLISH_UNROUTABLE,  // no queue wanted it: it is nowhere
    PUBLISH_UNAVAILABLE, // not sent: there is no connection
    PUBLISH_BLOCKED,     // not sent: RabbitMQ is short of memory or disk
    PUBLISH_STOPPING,    // not sent
    PUBLISH_REFUSED,     // a queue, or RabbitMQ, has refused it. Another queue may have it
    PUBLISH_UNCONFIRMED, // sent, and what became of it is unknown
};

struct publication {
    const char *message_id; // borrowed until the last outcome; the others until the first
    const char *routing_key;
    struct span traceparent; // or empty
    struct span body;
    // Says what became of it, on the thread of the publisher or, if that is stopping, the caller's.
    // After PUBLISH_UNCONFIRMED that is not `final`, a last outcome follows. `reason` is a text for
    // a person, or NULL.
    void (*on_outcome)(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final);
    // The publisher's own.
    struct list node;
    uint64_t tag, due_ms;
    bool returned, is_late;
};

struct api_publisher;

struct api_publisher_options {
    struct rabbit_options rabbit; // with hosts that no other thread uses
    struct span exchange;
    uint32_t timeout_ms; // for the confirm
    metric *outages;     // times that the connection was lost or could not be made
};

// Starts the thread, which connects when there is something to publish. Returns NULL if it cannot
// be started.
NODISCARD struct api_publisher *api_publisher_new(const struct api_publisher_options *options);
// Says an outcome for whatever is left.
void api_publisher_stop(struct api_publisher *publisher);
void api_publisher_free(struct api_publisher *publisher);

// Any thread may call it.
void api_publisher_submit(struct api_publisher *publisher, struct publication *publication);
