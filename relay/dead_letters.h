// Events that can never reach a client, put aside into a durable queue with the reason.
//
// A connection of its own: a broker that is short of memory stops reading from connections that
// publish, and acknowledgements must not wait behind a dead letter. A letter is kept, and its
// event stays unacknowledged, until the broker has confirmed it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "relay/event.h"
#include "relay/rabbit.h"

struct dead_letters;

// Called with the tag of each event whose letter is safe.
typedef void (*dead_letter_safe_fn)(uint64_t tag, void *arg);

// `queue` is borrowed for its life.
NODISCARD struct dead_letters *dead_letters_new(const struct rabbit_options *options,
                                                const char *queue, size_t max_bytes);
void dead_letters_free(struct dead_letters *letters);

// Copies the event.
void dead_letters_add(struct dead_letters *letters, const struct event *event, const char *reason);
size_t dead_letters_count(const struct dead_letters *letters);
// More than `max_bytes` wait: take no further events until some are safe.
bool dead_letters_full(const struct dead_letters *letters);

// Publishes what waits and gives the broker at most `wait_ms` to confirm. False when it could not
// be had; trying again is for the caller. Without letters for a while the connection is closed.
NODISCARD bool dead_letters_flush(struct dead_letters *letters, uint32_t wait_ms,
                                  dead_letter_safe_fn safe, void *arg);
// Forgets what waits: its tags are void, the broker will deliver the events again.
void dead_letters_forget(struct dead_letters *letters);
