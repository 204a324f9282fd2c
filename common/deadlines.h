// Timeouts in queues. All timeouts of one queue have the same length, so they fall due in the order
// in which they were armed: arming, moving and cancelling take O(1), and no connection needs a
// timer.
//
// A `deadlines` holds all queues of one event loop. The loop sets its time and runs it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

struct deadlines {
    uint64_t now_ms; // monotonic; as of the last run
    struct list queues;
    uint64_t (*read_ms)(void *arg); // the time right now; NULL: now_ms is exact
    void *arg;
};

// Embedded in whatever waits. One that is not armed stands alone.
struct deadline {
    struct list node;
    uint64_t due_ms;
};

// Called once per deadline that fell due; it is no longer armed then and may be armed again.
typedef void (*deadline_fn)(struct deadline *deadline, void *arg);

struct deadline_queue {
    struct list entry;
    struct list waiting;
    uint64_t length_ms;
    deadline_fn on_due;
    void *arg;
    struct deadlines *clock;
};

void deadlines_init(struct deadlines *clock, uint64_t now_ms);
// Lets the queues read the time when something is armed: a loop that slept has an old now_ms.
void deadlines_read_from(struct deadlines *clock, uint64_t (*read_ms)(void *arg), void *arg);
uint64_t deadlines_now(const struct deadlines *clock);

// Adds a queue to `clock`, which must outlive it.
void deadline_queue_init(struct deadline_queue *queue, struct deadlines *clock, uint64_t length_ms,
                         deadline_fn on_due, void *arg);
// Forgets the queue; whatever still waits in it is cancelled.
void deadline_queue_fini(struct deadline_queue *queue);

void deadline_init(struct deadline *deadline);
// Falls due after the queue's length from now. One that is armed already starts anew.
void deadline_arm(struct deadline *deadline, struct deadline_queue *queue);
// For the next step of something that takes several: counts from when the last one fell due, so
// that lateness does not add up. A loop that was held up for longer than a moment counts from now.
void deadline_arm_next(struct deadline *deadline, struct deadline_queue *queue);
// Harmless when it is not armed.
void deadline_cancel(struct deadline *deadline);
bool deadline_is_armed(const struct deadline *deadline);

// Sets the time and calls everything that is due.
void deadlines_run(struct deadlines *clock, uint64_t now_ms);

// When to run next, or UINT64_MAX when nothing is armed. Deadlines may be late by a thousandth of
// their length: so those that are close to one another fall into one run, and ten thousand
// heartbeats do not wake an idle loop hundreds of times a second.
uint64_t deadlines_next_ms(const struct deadlines *clock);
