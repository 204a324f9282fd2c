// Publishes events to RabbitMQ, over a connection and on a thread of its own, and learns what
// became of each: publisher confirms, mandatory. The HTTP API and the uplink have one each.
//
// Nothing is kept for later: an event that cannot be sent at once is refused, and its sender can
// send it again. Whether RabbitMQ has taken an event is unknown if it was sent and the confirm has
// not come. Events are sent in the order in which they were submitted.
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
    PUBLISH_REFUSED,     // a queue has refused it. Another queue may have it
    PUBLISH_CLOSED,      // RabbitMQ has closed the channel over it, or over another event sent then
    PUBLISH_LOST,        // sent, and the connection was lost: what became of it is unknown
    PUBLISH_SILENT,      // so too: it was given up, since RabbitMQ confirmed nothing over it
    PUBLISH_UNCONFIRMED, // sent, and over a connection that works no confirm comes
};

struct publication {
    const char *exchange;
    struct rabbit_event event; // its message id is borrowed until the last outcome; all else until
                               // the first
    // Says what became of it, on the thread of the publisher or, if that is stopping, the caller's.
    // After PUBLISH_UNCONFIRMED that is not `final`, a last outcome follows. `reason` is a text for
    // a person, or NULL.
    void (*on_outcome)(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final);
    void *arg; // the caller's
    // The publisher's own.
    struct list node;
    uint64_t tag, due_ms;
    bool returned, is_late, is_letter;
};

struct publisher;

struct publisher_options {
    struct rabbit_options rabbit; // with hosts that no other thread uses
    const char *module, *what;    // for the log: what is not available without a connection
    const char *letter_queue;     // that is declared when it is missing, also if it was deleted
                                  // meanwhile; NULL: none
    enum rabbit_queue_type queue_type; // of that queue
    uint32_t timeout_ms;               // for the confirm
    metric *outages;                   // times that the connection was lost or could not be made
};

// Starts the thread, which connects when there is something to publish. Returns NULL if it cannot
// be started.
NODISCARD struct publisher *publisher_new(const struct publisher_options *options);
// Says an outcome for whatever is left.
void publisher_stop(struct publisher *publisher);
void publisher_free(struct publisher *publisher);

// Any thread may call it.
void publisher_submit(struct publisher *publisher, struct publication *publication);
