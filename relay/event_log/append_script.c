#include "relay/event_log/append_script.h"

#include "proto/redis_keys.h"

// One call appends all events of a shard. Each event is a publication of its own.
const char event_log_append_script[] =
    "for i = 2, #ARGV, 2 do\n"
    "  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], '" REDIS_LOG_ENVELOPE_FIELD
    "', ARGV[i + 1])\n"
    "  redis.call('PUBLISH', KEYS[2], ARGV[i + 1])\n"
    "end\n"
    "return (#ARGV - 1) / 2\n";
