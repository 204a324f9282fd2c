// Events that can never reach a client, put aside into a durable queue with the reason.
//
// A connection of its own: a broker that is short of memory stops reading from connections that
// publish, and acknowledgements must not wait behind a dead letter. A letter is kept, and its
// event stays unacknowledged, until the broker has confirmed it.
//
// What cannot be buried never stops the living. While the queue takes no letters, at most
// `max_count` of them and `max_bytes` wait; beyond that the oldest is given up.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"
#include "relay/rabbitmq/rabbitmq.h"
#include "relay/routing/event.h"

struct dead_letters;

struct dead_letters_options {
    struct rabbit_options rabbit;
    const char *queue;
    enum rabbit_queue_type queue_type; // if it is to be created
    size_t max_count, max_bytes;
    // With the tag of an event whose letter is safe, or is given up.
    void (*on_safe)(uint64_t tag, void *arg);
    void (*on_lost)(uint64_t tag, void *arg);
    void *arg;
};

// What the options refer to is borrowed for its life.
NODISCARD struct dead_letters *dead_letters_new(const struct dead_letters_options *options);
void dead_letters_free(struct dead_letters *letters);

// Copies the event.
void dead_letters_add(struct dead_letters *letters, const struct event *event, const char *reason);
size_t dead_letters_count(const struct dead_letters *letters);
// As many wait as may, and it is not known yet whether the queue takes them: take no further
// events for the moment. Never for long.
bool dead_letters_full(const struct dead_letters *letters);
// The queue takes none, or the broker does not say that it does.
bool dead_letters_failing(const struct dead_letters *letters);

// Publishes what waits and takes what the broker has confirmed, without waiting for it; to be
// called again and again. Without letters for a while the connection is closed.
void dead_letters_flush(struct dead_letters *letters);
// Forgets what waits: its tags are void, the broker will deliver the events again.
void dead_letters_forget(struct dead_letters *letters);
