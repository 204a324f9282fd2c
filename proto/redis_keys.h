// Every name in Redis that relays, edges and tools share: keys, channels, and fields of hashes and
// of stream entries. docs/protocol.md says what stands in each.
//
// Programs of different versions run side by side, so a name is part of the contract: it may be
// added, never changed. The fields of a session hash are private to
// edge/adapters/redis/session_hash.
#pragma once

#include "common/span.h"

#define SHARDS_MAX 64

// The shard that a room belongs to: FNV-1a (32 bits) of its name, modulo `shards` (at least 1). The
// hash has no key, since all programs must find the same shard.
unsigned shard_of_room(struct span room, unsigned shards);

// "ws:log:{0}": the stream of a shard. The braces keep all keys of a shard in one cluster slot.
#define REDIS_SHARD_KEY_MAX 32
void redis_log_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);
#define REDIS_LOG_ENVELOPE_FIELD "e"

// "ws:bus:{0}": the channel of a shard.
void redis_bus_channel(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);

// "ws:lost:{0}": the last position that was delivered and is missing in the log.
void redis_lost_key(unsigned shard, char out[REDIS_SHARD_KEY_MAX]);

// The channel of heartbeats and commands.
#define REDIS_CONTROL_CHANNEL "ws:control"

// A hash with one field: the position up to which events are acknowledged to RabbitMQ.
#define REDIS_ACKED_KEY            "ws:acked"
#define REDIS_ACKED_POSITION_FIELD "position"

// A hash with one field: the relay that sent the last heartbeat.
#define REDIS_SPEAKER_KEY      "ws:speaker"
#define REDIS_SPEAKER_ID_FIELD "id"

// Followed by the id of an edge. The hash says that the edge is alive and what it holds.
#define REDIS_EDGE_KEY           "ws:edges:"
#define REDIS_EDGE_SOCKETS_FIELD "sockets"
#define REDIS_EDGE_ROOMS_FIELD   "rooms"
#define REDIS_EDGE_AT_FIELD      "at_ms"
#define REDIS_EDGE_CHANNEL       "ws:edge:" // commands to this edge alone
#define REDIS_ECHO_CHANNEL       "ws:echo:" // what the edge sends to itself, to test its subscription

// Followed by the id of a session, or of a user.
#define REDIS_SESSION_KEY "ws:session:"
#define REDIS_KICKED_KEY  "ws:kicked:" // when the user was kicked, in ms
