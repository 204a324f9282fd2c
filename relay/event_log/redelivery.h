// Finds out whether an event that RabbitMQ delivers again is in the log already (decision 009).
//
// A relay that dies leaves a few events in the log that it has not acknowledged. A RabbitMQ that
// crashes forgets acknowledgements that it had accepted, for any number of events. So an event with
// a message-id is compared with the whole log, which is read backwards only as far as redeliveries
// require.
//
// An id cannot tell a redelivered event from a second, equal one if it is a hash of the body, or if
// the service gives it to several events. Such an id is compared only with the newest entries, and
// of those only with the ones that were not known to be acknowledged.
//
// Ids are counted: an id that is in the log twice lets two redeliveries be skipped, not more.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/span.h"
#include "proto/position.h"
#include "relay/event_log/event_log.h"

#define REDELIVERY_IDS_MAX 500000 // distinct ids that are remembered

enum redelivery_status {
    REDELIVERY_FRESH,     // not in the log
    REDELIVERY_KNOWN,     // in the log
    REDELIVERY_UNDECIDED, // the log cannot be read now
};

struct redelivery;

// `recent`: how many entries of each shard count as recent at most. `between` is called after each
// page that is read, for work that must not wait. Borrows `logs`.
NODISCARD struct redelivery *redelivery_new(const struct event_logs *logs, size_t recent,
                                            void (*between)(void *arg), void *arg);
void redelivery_free(struct redelivery *redelivery);

// Reads the recent entries, of which those above `acked` of their log count. Call it after the
// logs were claimed with `epoch`. Returns false if a log cannot be read.
NODISCARD bool redelivery_begin(struct redelivery *redelivery, uint64_t epoch,
                                const struct position acked[]);

// Checks a redelivered event. `named`: the id is the message-id of the service, not a hash. `log`:
// the number of the log that has the shard of its room; the others need not be read.
NODISCARD enum redelivery_status redelivery_check(struct redelivery *redelivery, struct span id,
                                                  bool named, unsigned log);

// Forgets the ids if none was checked for a minute. Call it regularly.
void redelivery_rest(struct redelivery *redelivery, uint64_t now_ms);

// How many distinct ids it remembers.
size_t redelivery_count(const struct redelivery *redelivery);
