// Appending batches to the log and publishing them on the bus, in one atomic step.
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

enum event_log_status {
    EVENT_LOG_OK,
    EVENT_LOG_FAILED,     // Redis is away or unwilling: try again later
    EVENT_LOG_SUPERSEDED, // another relay has claimed the log: stop being active
};

// Puts a fresh batch on its way and does not wait. Nothing but event_log_append() may follow.
void event_log_send(struct event_log *log, struct batch *batch);

// Appends and publishes what of the batch is not in the log yet, and marks it as logged. After a
// lost answer it first asks Redis what is in.
NODISCARD enum event_log_status event_log_append(struct event_log *log, struct batch *batch);
