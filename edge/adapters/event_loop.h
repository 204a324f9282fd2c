// The edge's one thread and one loop: libuv, the deadlines, and what is done at the end of a turn.
#pragma once

#include <uv.h>

#include "common/deadlines.h"

struct event_loop {
    uv_loop_t uv;
    struct deadlines deadlines;
    uv_prepare_t turn_end; // runs when everything readable was handled, before the loop sleeps
    uv_timer_t wake;       // for the next deadline
    uint64_t wake_at_ms;
    uv_idle_t again;        // active: the loop does not sleep before its next turn
    struct list turn_hooks; // of struct turn_hook
};

// Called at the end of each turn, in the order of adding. Embedded in its owner.
struct turn_hook {
    struct list entry;
    void (*fn)(void *arg);
    void *arg;
};

void event_loop_init(struct event_loop *loop);
void event_loop_add_hook(struct event_loop *loop, struct turn_hook *hook, void (*fn)(void *arg),
                         void *arg);
void event_loop_remove_hook(struct turn_hook *hook);

// There is work left for the next turn: the loop looks what has become readable meanwhile, and does
// not sleep. For hooks that bound the work of one turn.
void event_loop_come_back(struct event_loop *loop);

// Runs until no active handle is left besides the loop's own and event_loop_stop() was called.
void event_loop_run(struct event_loop *loop);
// Closes the loop's own handles, so that run() returns once everybody else has closed theirs.
void event_loop_stop(struct event_loop *loop);
// After run() returned: asserts that no handle was forgotten.
void event_loop_fini(struct event_loop *loop);
