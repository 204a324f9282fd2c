// An event that a publisher sends to RabbitMQ, and what became of it. Embedded by who submits it.
#pragma once

#include "common/list.h"
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

// Takes it out of its list, and tells its owner the last outcome.
void publication_finish(struct publication *publication, enum publish_outcome outcome,
                        const char *reason);
