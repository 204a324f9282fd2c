// The queue of dead letters, for an operator.
//
// Letters are taken one by one, oldest first, and each stays in the queue until it is removed. A
// letter that was taken and not removed is in its place again when the queue is closed or the tool
// dies. Only one letter is in memory at a time.
#pragma once

#include "compose/tools/letter.h"
#include "compose/tools/rabbit_link.h"

enum letter_take {
    LETTER_TAKEN,
    LETTER_NONE, // no more letters wait
    LETTER_LOST, // the connection is lost; the reason is on stderr
};

struct letter_queue;

// Returns NULL, with the reason on stderr, if there is no connection. Borrows `name`.
NODISCARD struct letter_queue *letter_queue_open(const struct rabbitmq_settings *rabbitmq,
                                                 const char *name);
// How many letters waited when the queue was opened; 0 also if it does not exist yet.
size_t letter_queue_count(const struct letter_queue *queue);

// Takes the next letter, which is valid until the next call.
NODISCARD enum letter_take letter_queue_take(struct letter_queue *queue, struct letter *out);
// Removes the letter that was taken last. Does not wait for RabbitMQ.
NODISCARD bool letter_queue_remove(struct letter_queue *queue);

// Returns false, with the reason on stderr, if RabbitMQ may not have handled the last removals:
// these letters may still be in the queue.
bool letter_queue_close(struct letter_queue *queue);
