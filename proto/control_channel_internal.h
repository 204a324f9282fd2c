// A channel as its files share it. Private to control_channel.c, event_name.c and
// uplink_stream.c.
#pragma once

#include "common/redis/redis_dialer.h"
#include "proto/control_channel.h"
#include "proto/redis_keys.h"

struct control_channel {
    struct redis_settings settings; // of the first of REDIS_NODES, which has the commands
    const struct redis_settings *given;
    struct redis_names names;
    struct resolver host;
    struct redis_dialer dialer;
    redisContext *redis;
    char reason[CONTROL_REASON_MAX];
};

// Frees the reply. Returns false, with the reason noted, if it is NULL or an error.
bool control_channel_granted(struct control_channel *channel, redisReply *reply, const char *doing);
