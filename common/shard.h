// Which shard of the bus a room belongs to. Relay and edges must agree, so it is not keyed.
#pragma once

#include <stdint.h>

#include "common/span.h"

#define SHARDS_MAX 64

// FNV-1a over the room name, modulo `shards` (at least 1).
unsigned shard_of_room(struct span room, unsigned shards);

// "ws:log:{0}" and "ws:bus:{0}": the braces keep the keys of one shard in one cluster slot.
#define SHARD_KEY_MAX 32
void shard_log_key(unsigned shard, char out[SHARD_KEY_MAX]);
void shard_bus_channel(unsigned shard, char out[SHARD_KEY_MAX]);

#define CONTROL_CHANNEL "ws:control"
