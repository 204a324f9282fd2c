// Claims the log for this relay: from then on Redis refuses what any other relay sends.
//
// A relay that becomes active takes an epoch above everything in the log and raises the last id of
// each shard to it. Redis refuses ids that are not above the last one, so an event of an older
// epoch is refused even if it was sent before the claim (decision 008).
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

// Claims the logs of all servers, under one epoch. `out` gets it, it is at least `now_ms` (wall
// clock), and the end of each shard. Returns false if a server cannot be used, or if other relays
// were faster several times.
NODISCARD bool event_log_claim(const struct event_logs *logs, uint64_t now_ms,
                               struct sequence *out);
// Reads the position of the newest entry of each shard of the log, 0-0 for an empty one.
NODISCARD bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX]);
// True if another relay has claimed the log with an epoch above `epoch`. False also if Redis could
// not be asked.
bool event_log_is_superseded(struct event_log *log, uint64_t epoch);

// Reads the last id that the stream of a shard has given out, whether its entry still exists or
// not.
NODISCARD bool event_log_read_last_id(struct event_log *log, unsigned shard, struct position *out);
