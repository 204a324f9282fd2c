// Keeps the log within a limit of memory in Redis. XADD trims a stream by entries, not by bytes,
// and a Redis that is out of memory refuses the XADD that would trim it. It accepts XTRIM, so the
// relay measures the streams and trims them.
#pragma once

#include "relay/event_log/event_log.h"

// Trims each shard to the option `max_bytes`. Asks Redis only after a 32nd part of it was appended.
// Call it between batches.
void event_log_keep_within_bytes(struct event_log *log);
// How many entries were trimmed so far.
uint64_t event_log_trimmed(const struct event_log *log);

// For a Redis that is out of memory: trims a quarter of each shard that takes over 1 MB. Returns
// false if nothing was trimmed.
bool event_log_free_memory(struct event_log *log);
