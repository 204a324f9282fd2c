// The names in Redis that relays, edges and tools share: keys, channels, and fields of hashes and
// stream entries. docs/protocol.md describes the values.
//
// Programs of different versions run side by side, so a name may be added but never changed. The
// fields of a session hash are private to edge/adapters/redis/session_hash.
#pragma once

#include "common/span.h"

#define SHARDS_MAX 64

// Returns the shard of a room: FNV-1a (32 bits) of its name, modulo `shards` (at least 1). The hash
// has no key, because all programs must compute the same shard.
unsigned shard_of_room(struct span room, unsigned shards);

// "ws:log:{0}": the stream of a shard. The braces keep all keys of a shard in one cluster slot.
#define REDIS_SHARD_KEY_MAX 32
void redis_log_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);
#define REDIS_LOG_ENVELOPE_FIELD "e"

// "ws:bus:{0}": the channel of a shard.
void redis_bus_channel(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);

// "ws:lost:{0}": the last position of a shard that an edge delivered and the log no longer has.
void redis_lost_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);

// The channel of heartbeats and commands.
#define REDIS_CONTROL_CHANNEL "ws:control"

// A hash with one field: the position up to which the relay has acknowledged events to RabbitMQ.
#define REDIS_ACKED_KEY            "ws:acked"
#define REDIS_ACKED_POSITION_FIELD "position"

// A hash with one field: the id of the relay that sends heartbeats.
#define REDIS_SPEAKER_KEY      "ws:speaker"
#define REDIS_SPEAKER_ID_FIELD "id"

// Keys and channels that the id of an edge follows. The hash of an edge exists while the edge is
// alive.
#define REDIS_EDGE_KEY           "ws:edges:"
#define REDIS_EDGE_SOCKETS_FIELD "sockets"
#define REDIS_EDGE_ROOMS_FIELD   "rooms"
#define REDIS_EDGE_AT_FIELD      "at_ms"
#define REDIS_EDGE_CHANNEL       "ws:edge:" // commands to this edge alone
#define REDIS_ECHO_CHANNEL       "ws:echo:" // the edge publishes to itself to test its subscription

#define REDIS_SESSION_KEY "ws:session:" // followed by the id of a session
#define REDIS_KICKED_KEY  "ws:kicked:"  // followed by a user id: when the user was kicked, in ms
