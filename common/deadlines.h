// Timeouts in queues. All timeouts of a queue have the same length, so they fall due in the order
// in which they were armed: arming, moving and cancelling take O(1), and no connection needs a
// timer of its own (decision 005).
//
// A struct deadlines holds all queues of one event loop. The loop sets its time and runs it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

struct deadlines {
    uint64_t now_ms; // monotonic, as of the last run
    struct list queues;
    uint64_t (*read_ms)(void *arg); // reads the clock; NULL: now_ms is exact
    void *arg;
};

// Embedded in the object that waits. In no list while it is not armed.
struct deadline {
    struct list node;
    uint64_t due_ms;
};

// Called once for each deadline that falls due. The deadline is no longer armed and may be armed
// again or freed.
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
// Sets a function that reads the clock when a deadline is armed: in a loop that has slept, now_ms
// is old.
void deadlines_read_from(struct deadlines *clock, uint64_t (*read_ms)(void *arg), void *arg);
uint64_t deadlines_now(const struct deadlines *clock);

// Adds a queue to `clock`, which must outlive it.
void deadline_queue_init(struct deadline_queue *queue, struct deadlines *clock, uint64_t length_ms,
                         deadline_fn on_due, void *arg);
// Removes the queue from its clock and cancels the deadlines in it.
void deadline_queue_fini(struct deadline_queue *queue);

void deadline_init(struct deadline *deadline);
// Arms the deadline, to fall due after the queue's length from now. If it is armed already, in any
// queue, it starts anew.
void deadline_arm(struct deadline *deadline, struct deadline_queue *queue);
// Arms the deadline for the next step of something that takes several: counts from when the last
// step fell due, so that lateness does not add up. If that is over 100 ms ago, counts from now.
void deadline_arm_next(struct deadline *deadline, struct deadline_queue *queue);
// Does nothing if it is not armed.
void deadline_cancel(struct deadline *deadline);
bool deadline_is_armed(const struct deadline *deadline);

// Sets the time and calls `on_due` of all deadlines that are due.
void deadlines_run(struct deadlines *clock, uint64_t now_ms);

// Returns when to run next, or UINT64_MAX if nothing is armed. A deadline may be late by a
// thousandth of its length, so that deadlines close to one another share a run: otherwise ten
// thousand heartbeats wake an idle loop hundreds of times a second.
uint64_t deadlines_next_ms(const struct deadlines *clock);
