// Finds out whether an event that RabbitMQ delivers again is in the log already.
//
// A relay that died leaves a few events that are in the log and were not acknowledged; a RabbitMQ
// that crashed also forgets acknowledgements that it had taken, so that any number comes again. So
// an event with a message-id is compared with the whole log, which is read further back only as
// far as redeliveries need it.
//
// An id that is only a hash of the body, or that its service gives to several events, does not
// tell a second copy from a second delivery. It is compared with the recent entries only: the
// newest of those that were not known to be acknowledged.
//
// It counts: an id that stands twice in the log lets two redeliveries be skipped, not more.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/span.h"
#include "proto/position.h"
#include "relay/event_log/event_log.h"

#define REDELIVERY_IDS_MAX 500000 // different ones that are remembered

enum redelivery_status {
    REDELIVERY_FRESH,
    REDELIVERY_KNOWN,     // in the log
    REDELIVERY_UNDECIDED, // the log cannot be read now
};

struct redelivery;

// `recent` is how many entries of each shard count as recent at most. `between` is called after
// each page that is read.
NODISCARD struct redelivery *redelivery_new(struct event_log *log, size_t recent,
                                            void (*between)(void *arg), void *arg);
void redelivery_free(struct redelivery *redelivery);

// Reads the recent entries, those above `acked`. Call after claiming the log with `epoch`.
NODISCARD bool redelivery_begin(struct redelivery *redelivery, uint64_t epoch,
                                struct position acked);

// `named`: the id is a message-id that the service gave.
NODISCARD enum redelivery_status redelivery_check(struct redelivery *redelivery, struct span id,
                                                  bool named);

// Forgets what it has read when nothing was delivered again for a minute. Call now and then.
void redelivery_rest(struct redelivery *redelivery, uint64_t now_ms);

// How many different ids it remembers.
size_t redelivery_count(const struct redelivery *redelivery);
