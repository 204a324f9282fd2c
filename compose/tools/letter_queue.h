// The queue of dead letters, read by hand.
//
// Letters are taken one by one, oldest first, and each stays in the queue until it is removed.
// What was taken and not removed is back in its place when the queue is closed, or when the tool
// dies. RabbitMQ keeps the bodies; here is only the letter at hand.
#pragma once

#include "compose/tools/letter.h"
#include "compose/tools/rabbit_link.h"

enum letter_take {
    LETTER_TAKEN,
    LETTER_NONE, // no further one waits
    LETTER_LOST, // the connection is; the reason is on stderr
};

struct letter_queue;

// NULL with the reason on stderr when there is no connection to be had. `name` is borrowed.
NODISCARD struct letter_queue *letter_queue_open(const struct rabbitmq_settings *rabbitmq,
                                                 const char *name);
// How many waited when it was opened; none, too, when there is no such queue yet.
size_t letter_queue_count(const struct letter_queue *queue);

// The letter is valid until the next call.
NODISCARD enum letter_take letter_queue_take(struct letter_queue *queue, struct letter *out);
// Removes the letter that was taken last.
NODISCARD bool letter_queue_remove(struct letter_queue *queue);

// False, with the reason on stderr, when the broker may not have handled the last removals:
// then these letters are still there.
bool letter_queue_close(struct letter_queue *queue);
