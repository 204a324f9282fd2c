#include "relay/event_log/append_script.h"

#include "proto/redis_keys.h"

// One call appends all events of a shard. Each event is a publication of its own. XREVRANGE,
// because the relay needs the right to it anyway.
const char event_log_append_script[] =
    "if ARGV[2] ~= '' and #redis.call('XREVRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then\n"
    "  return redis.error_reply('" APPEND_REFUSED "')\n"
    "end\n"
    "for i = 3, #ARGV, 2 do\n"
    "  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], '" REDIS_LOG_ENVELOPE_FIELD
    "', ARGV[i + 1])\n"
    "  redis.call('PUBLISH', KEYS[2], ARGV[i + 1])\n"
    "end\n"
    "return (#ARGV - 2) / 2\n";
