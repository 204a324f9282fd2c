// The Lua script that appends the events of one shard and publishes them.
#pragma once

#define APPEND_REFUSED "an event before these is missing" // the error, if it is

// KEYS: the stream and the channel of the shard. ARGV: how many entries the stream keeps, the id of
// an event that must be in it or "", then the id and the envelope of each event.
extern const char event_log_append_script[];
