// Dead letters: events that can never reach a client are published to a durable queue, with the
// reason (decision 012).
//
// Letters have a connection of their own. A RabbitMQ that is short of memory stops reading from
// connections that publish, and acknowledgements must not wait behind a letter. A letter is kept,
// and its event stays unacknowledged, until RabbitMQ has confirmed the letter.
//
// Letters that cannot be published never stop the other events. While the queue takes none, at most
// `max_count` letters of `max_bytes` in all wait; beyond that the oldest is given up.
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
    enum rabbit_queue_type queue_type; // of the queue, if it is created
    size_t max_count, max_bytes;
    // Called with the delivery tag of an event whose letter is confirmed, or given up.
    void (*on_safe)(uint64_t tag, void *arg);
    void (*on_lost)(uint64_t tag, void *arg);
    // A letter is published without the headers of its event.
    void (*on_stripped)(void *arg);
    void *arg;
};

// Copies the options, and borrows what they point to for its life.
NODISCARD struct dead_letters *dead_letters_new(const struct dead_letters_options *options);
void dead_letters_free(struct dead_letters *letters);

// Copies the event into a letter. Borrows `reason`, which must be a constant.
void dead_letters_add(struct dead_letters *letters, const struct event *event, const char *reason);
size_t dead_letters_count(const struct dead_letters *letters);
// True while more letters wait than may, and it is not known yet whether the queue takes them. The
// caller must take no further events then. Lasts a few seconds at most: the letters are confirmed,
// or the oldest are given up.
bool dead_letters_full(const struct dead_letters *letters);
// True while the queue takes none, or RabbitMQ does not confirm them.
bool dead_letters_failing(const struct dead_letters *letters);

// Publishes the letters that wait and handles the confirms that have come, without waiting for any;
// only connecting may block. Call it in each turn of the loop. Closes the connection after 10 s
// without letters.
void dead_letters_flush(struct dead_letters *letters);
// Drops all letters. Call it when the channel of their delivery tags is gone: RabbitMQ delivers
// their events again.
void dead_letters_forget(struct dead_letters *letters);
