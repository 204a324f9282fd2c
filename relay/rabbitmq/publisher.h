// Publishes events to RabbitMQ, over a connection and on a thread of its own, and learns what
// became of each: publisher confirms, mandatory. The HTTP API and the uplink have one each.
//
// Nothing is kept for later: an event that cannot be sent at once is refused, and its sender can
// send it again. Whether RabbitMQ has taken an event is unknown if it was sent and the confirm has
// not come. Events are sent in the order in which they were submitted.
#pragma once

#include "common/attr.h"
#include "common/metrics.h"
#include "relay/rabbitmq/publication.h"

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

// Any thread may call it. Borrows the publication until its last outcome.
void publisher_submit(struct publisher *publisher, struct publication *publication);
