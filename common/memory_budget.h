// One budget of bytes for all that peers can make a process hold: what waits to be written, what
// is being received, bodies and replies.
//
// Whoever holds such bytes takes them from the budget and gives them back when it lets go. New work
// is refused while less than a sixteenth is left, so that what is under way can come to its end.
//
// One thread takes and gives; the metrics may be read by any. A NULL budget has no limit.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/metrics.h"

// What the bytes are held for; the metrics count each use.
enum memory_use {
    MEMORY_OUTBOXES = 0, // frames that wait for clients
    MEMORY_MESSAGES,     // messages that are being received
    MEMORY_HANDSHAKES,   // what is kept of them until a client is in
    MEMORY_HTTP,         // bodies of requests, and replies
    MEMORY_USES,         // how many there are
};

// Zeroed, it has no limit.
struct memory_budget {
    metric limit; // 0: none
    metric used[MEMORY_USES];
    metric refused[MEMORY_USES]; // times that something did not fit
    size_t total;                // of all uses
};

void memory_budget_init(struct memory_budget *budget, size_t limit);

// Takes the bytes. False, counted, when they do not fit; nothing is taken then.
NODISCARD bool memory_budget_take(struct memory_budget *budget, enum memory_use use, size_t bytes);
// Takes them in any case: for what is small, bounded elsewhere, or cannot be refused any more.
void memory_budget_charge(struct memory_budget *budget, enum memory_use use, size_t bytes);
void memory_budget_give(struct memory_budget *budget, enum memory_use use, size_t bytes);

// Whether new work should be refused. True is counted as a refusal of that use.
NODISCARD bool memory_budget_is_spent(struct memory_budget *budget, enum memory_use use);
