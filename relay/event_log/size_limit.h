// How much memory the log takes in Redis. A stream keeps within its entries by itself, not within
// bytes, and a Redis that is out of memory refuses the very XADD that would trim it. XTRIM it
// always takes.
#pragma once

#include "relay/event_log/event_log.h"

// Trims what is more than `max_bytes`. Cheap unless much was appended. Call between batches.
void event_log_keep_within_bytes(struct event_log *log);
// How many entries were trimmed, for want of bytes or of memory.
uint64_t event_log_trimmed(const struct event_log *log);

// Redis is out of memory: makes the log smaller by a quarter. False when that is of no use.
bool event_log_free_memory(struct event_log *log);
