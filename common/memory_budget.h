// One budget of bytes for all that peers can make a process hold: data that waits to be written,
// messages that are being received, request bodies and replies.
//
// A module that holds such bytes takes them from the budget, and gives them back when it frees
// them. New work is refused while less than a sixteenth is left, so that work in progress can be
// finished.
//
// One thread takes and gives; any thread may read the metrics. A NULL budget has no limit.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/metrics.h"

// What the bytes are held for; the metrics count each use.
enum memory_use {
    MEMORY_OUTBOXES = 0, // frames that wait for clients
    MEMORY_MESSAGES,     // messages that are being received
    MEMORY_HANDSHAKES,   // data of handshakes, until the client is connected
    MEMORY_HTTP,         // bodies of requests, and replies
    MEMORY_USES,         // the number of uses
};

// A zeroed budget has no limit.
struct memory_budget {
    metric limit; // 0: none
    metric used[MEMORY_USES];
    metric refused[MEMORY_USES]; // times that something did not fit
    size_t total;                // of all uses
};

void memory_budget_init(struct memory_budget *budget, size_t limit);

// Takes the bytes. If they do not fit, takes none, counts a refusal and returns false.
NODISCARD bool memory_budget_take(struct memory_budget *budget, enum memory_use use, size_t bytes);
// Takes the bytes for new work: only if memory_budget_is_spent() is false, too.
NODISCARD bool memory_budget_take_new(struct memory_budget *budget, enum memory_use use,
                                      size_t bytes);
// Takes the bytes even if they do not fit: for data that is small, bounded elsewhere, or cannot be
// refused any more.
void memory_budget_charge(struct memory_budget *budget, enum memory_use use, size_t bytes);
void memory_budget_give(struct memory_budget *budget, enum memory_use use, size_t bytes);

// True if new work should be refused; counts a refusal of that use.
NODISCARD bool memory_budget_is_spent(struct memory_budget *budget, enum memory_use use);
