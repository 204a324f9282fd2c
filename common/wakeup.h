// Wakes a thread that waits in poll(). Other threads leave it their work under a lock, then wake
// it.
//
// Wakeups are not counted: the thread clears them all when it returns from poll(), then looks at
// everything that may have been left.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

struct wakeup {
    int fd; // readable while there is a wakeup
};

// Returns false if there are no more descriptors.
NODISCARD bool wakeup_init(struct wakeup *wakeup);
// Allowed after a failed init.
void wakeup_fini(struct wakeup *wakeup);

// Any thread may call it.
void wakeup_send(const struct wakeup *wakeup);
// Does not wait: there may be nothing to clear.
void wakeup_clear(const struct wakeup *wakeup);
