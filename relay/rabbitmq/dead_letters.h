// Dead letters: events that can never reach a client are published to a durable queue, with the
// reason.
//
// They have a connection of their own: a broker that is short of memory stops reading from
// connections that publish, and acknowledgements must not wait behind a dead letter. A letter is
// kept, and its event stays unacknowledged, until the broker has confirmed it.
//
// Dead letters that cannot be published never stop the other events. While the queue takes none, at
// most `max_count` of them and `max_bytes` wait; beyond that the oldest is given up.
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
    // Called with the tag of an event: its letter is confirmed, or is given up.
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
// True while as many wait as may, and it is not known yet whether the queue takes them: the caller
// must take no further events. Lasts a few seconds at most.
bool dead_letters_full(const struct dead_letters *letters);
// True while the queue takes none, or the broker does not confirm them.
bool dead_letters_failing(const struct dead_letters *letters);

// Publishes what waits and handles confirms that have come, without blocking on them; to be called
// in each turn of the loop. Closes the connection when there were no letters for a while.
void dead_letters_flush(struct dead_letters *letters);
// Drops what waits: the channel of its delivery tags is gone, and the broker will deliver the
// events again.
void dead_letters_forget(struct dead_letters *letters);
