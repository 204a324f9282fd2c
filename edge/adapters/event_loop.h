// The edge's event loop, on its one thread: libuv, the deadlines, and the hooks that run at the end
// of each turn.
#pragma once

#include <uv.h>

#include "common/deadlines.h"

struct event_loop {
    uv_loop_t uv;
    struct deadlines deadlines;
    uv_prepare_t turn_end;  // runs when everything readable was handled, before the loop sleeps
    uv_timer_t wake;        // for the next deadline
    uint64_t wake_at_ms;    // when `wake` is set to fire; UINT64_MAX: it is not set
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

// Lets the loop begin its next turn without sleeping: it handles what has become readable meanwhile
// and runs the hooks again. For hooks that bound the work of one turn.
void event_loop_come_back(struct event_loop *loop);

// Runs until event_loop_stop() was called and no handle is active any more.
void event_loop_run(struct event_loop *loop);
// Closes the loop's own handles. event_loop_run() returns once all other handles are closed too.
void event_loop_stop(struct event_loop *loop);
// Call after event_loop_run() has returned. Asserts that every handle was closed.
void event_loop_fini(struct event_loop *loop);
