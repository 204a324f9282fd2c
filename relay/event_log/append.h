// Appends batches to the log and publishes them on the bus: each shard in one atomic step.
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

enum event_log_status {
    EVENT_LOG_OK,
    EVENT_LOG_FAILED,     // Redis cannot be reached or refuses the write: try again later
    EVENT_LOG_SUPERSEDED, // another relay has claimed the log: stop being active
};

// Sends what was added to the batch and waits for no answer. Does nothing without a connection,
// while the batch is in doubt, or if event_log_may_send() is false. Whatever is asked of `log` next
// takes the answers first.
void event_log_send(struct event_log *log, struct batch *batch);
// False if as many parts of the batch as may be are unanswered.
bool event_log_may_send(const struct event_log *log);
// True if edges may have got events of the batch that the log lacks: they were sent over a
// connection that is lost, and the server may be another one now.
bool event_log_owes(const struct event_log *log, const struct batch *batch);
// When the oldest part was sent whose answers were not taken, by the monotonic clock; 0: none.
uint64_t event_log_unanswered_us(const struct event_log *log);

// Waits for the answers to the oldest part, takes those that have come with them, and marks what is
// in the log. If an answer is not good, goes on as event_log_append().
NODISCARD enum event_log_status event_log_answers(struct event_log *log, struct batch *batch);
// Takes all answers. What failed is left to event_log_append().
void event_log_settle(struct event_log *log);

// Appends and publishes the events of the batch that are not in the log yet, and marks them as
// logged. If an earlier answer was lost, first asks Redis which events are in the log.
NODISCARD enum event_log_status event_log_append(struct event_log *log, struct batch *batch);
