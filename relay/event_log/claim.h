// Claiming the log: from then on Redis refuses what any other relay still sends.
//
// A relay that becomes active takes an epoch above everything in the log and raises the top of
// every shard to it, so that the ids of an older epoch are too small, even those that are on their
// way.
#pragma once

#include "relay/event_log/batch.h"
#include "relay/event_log/event_log.h"

// Claims the log: a fresh epoch, not below `now_ms`, and where each shard ends.
NODISCARD bool event_log_claim(struct event_log *log, uint64_t now_ms, struct sequence *out);
// The newest entry of each shard.
NODISCARD bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX]);
// Whether another relay has claimed the log since `epoch`. False also when that cannot be known.
bool event_log_is_superseded(struct event_log *log, uint64_t epoch);

// The last id that the stream of a shard ever gave out, whether its entry still exists or not.
NODISCARD bool event_log_read_last_id(struct event_log *log, unsigned shard, struct position *out);
