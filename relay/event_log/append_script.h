// The Lua script that appends the events of one shard and publishes them.
#pragma once

// KEYS: the log, the channel. ARGV: the most entries that are kept, then id and envelope of each
// event.
extern const char event_log_append_script[];
