// The Lua script that appends the events of one shard and publishes them.
#pragma once

// KEYS: the stream and the channel of the shard. ARGV: how many entries the stream keeps, then the
// id and the envelope of each event.
extern const char event_log_append_script[];
