#include "proto/redis_keys.h"

#include <stdint.h>
#include <stdio.h>

unsigned shard_of_room(struct span room, unsigned shards)
{
    uint32_t hash = UINT32_C(2166136261);

    if (shards == 1)
        return 0;
    for (size_t i = 0; i < room.len; i++)
        hash = (hash ^ (unsigned char)room.ptr[i]) * UINT32_C(16777619);
    return hash % shards;
}

void redis_log_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX])
{
    snprintf(out, REDIS_SHARD_KEY_MAX, "ws:log:{%u}", shard);
}

void redis_bus_channel(unsigned shard, char out[REDIS_SHARD_KEY_MAX])
{
    snprintf(out, REDIS_SHARD_KEY_MAX, "ws:bus:{%u}", shard);
}

void redis_lost_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX])
{
    snprintf(out, REDIS_SHARD_KEY_MAX, "ws:lost:{%u}", shard);
}
