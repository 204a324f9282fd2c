// Asks a Sentinel where the primary is, over a connection that blocks.
#pragma once

#include <hiredis/hiredis.h>

#include "common/redis_settings.h"

#define REDIS_SENTINEL_UNKNOWN "the Sentinel knows no primary with the name of REDIS_MASTER_NAME"

// Logs in, if there is a password, and asks. Returns NULL, or why there is no answer: a text that
// is valid until the next call.
NODISCARD const char *redis_sentinel_ask(redisContext *sentinel,
                                         const struct redis_settings *settings,
                                         struct host_address *primary);
