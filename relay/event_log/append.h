// Appends batches to the log and publishes them on the bus: each shard in one atomic step.
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

enum event_log_status {
    EVENT_LOG_OK,
    EVENT_LOG_FAILED,     // Redis cannot be reached or refuses the write: try again later
    EVENT_LOG_SUPERSEDED, // another relay has claimed the log: stop being active
};

// Sends a new batch and does not wait for the answers. The next call on `log` must be
// event_log_append(), which reads them. Does nothing without a connection, or if the batch was sent
// before.
void event_log_send(struct event_log *log, struct batch *batch);

// Appends and publishes the events of the batch that are not in the log yet, and marks them as
// logged. If an earlier answer was lost, first asks Redis which events are in the log.
NODISCARD enum event_log_status event_log_append(struct event_log *log, struct batch *batch);
