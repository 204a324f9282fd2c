// The names in Redis that relays, edges and tools share: keys, channels, and fields of hashes and
// stream entries. docs/protocol.md describes the values.
//
// Programs of different versions run side by side, so a name may be added but never changed. The
// fields of a session hash are private to edge/adapters/redis/session_hash, except those of rooms.
#pragma once

#include "common/redis_settings.h"
#include "common/span.h"

#define SHARDS_MAX 64

// Returns the shard of a room: FNV-1a (32 bits) of its name, modulo `shards` (at least 1). The hash
// has no key, because all programs must compute the same shard.
unsigned shard_of_room(struct span room, unsigned shards);

#define REDIS_NAME_MAX (REDIS_KEY_PREFIX_MAX + 32)

// The names of one gateway. A key is REDIS_KEY_PREFIX and then "ws:…". So is a channel, but Redis
// does not separate channels by database: in any database but REDIS_DB_UNNAMED they begin with
// "ws:db<number>:", so that gateways in different databases do not hear one another.
struct redis_names {
    // Keys and channels of one shard follow, see below.
    char log[REDIS_NAME_MAX], bus[REDIS_NAME_MAX], lost[REDIS_NAME_MAX];

    char control[REDIS_NAME_MAX]; // channel of heartbeats and commands
    char acked[REDIS_NAME_MAX];   // hash: up to where the relay has acknowledged events to RabbitMQ
    char speaker[REDIS_NAME_MAX]; // hash: the relay that sends heartbeats

    // The id of an edge follows. The hash of an edge exists while the edge is alive.
    char edges[REDIS_NAME_MAX];
    char edge_list[REDIS_NAME_MAX];    // a hash of their ids, with those of some that died
    char edge_channel[REDIS_NAME_MAX]; // commands to this edge alone
    char echo_channel[REDIS_NAME_MAX]; // the edge publishes to itself to test its subscription

    char session[REDIS_NAME_MAX]; // the id of a session follows
    char kicked[REDIS_NAME_MAX];  // a user id follows: when the user was kicked, in ms
    // A user id follows: a hash of the rooms that an operator took the user out of, by the field
    // that a session has for the room: when that was, in ms. A recovered session is in such a room
    // only if it joined it later.
    char left[REDIS_NAME_MAX];
    // A hash of the users whose tokens were revoked: "<at ms> <until ms>" by user id, see
    // revocations.h.
    char revoked[REDIS_NAME_MAX];
    char event[REDIS_NAME_MAX]; // the name of an event follows: whether it was published

    // Presence: hashes of numbers by edge, see presence_script.h.
    char user[REDIS_NAME_MAX];       // a user id follows: connections of the user
    char room_count[REDIS_NAME_MAX]; // a room follows: clients in it
    // The id of an edge follows: sets of the users and rooms that its fields are for.
    char edge_users[REDIS_NAME_MAX], edge_rooms[REDIS_NAME_MAX];
    char presence_edges[REDIS_NAME_MAX]; // a hash of the edges with such fields

    char waited[REDIS_NAME_MAX]; // written before replicas are asked, if nothing else is
    char uplink[REDIS_NAME_MAX], uplink_bytes[REDIS_NAME_MAX]; // see uplink.h
};

#define REDIS_DB_UNNAMED 1 // the default of REDIS_DB: its channels have the names of all versions

// `prefix` has at most REDIS_KEY_PREFIX_MAX bytes; NULL: none.
void redis_names_init(struct redis_names *names, const char *prefix, unsigned database);

// Names of a shard: "ws:log:{0}", its stream; "ws:bus:{0}", its channel; and "ws:lost:{0}", the
// last position that an edge delivered and the log no longer has. The braces keep all keys of a
// shard in one cluster slot.
#define REDIS_SHARD_KEY_MAX (REDIS_NAME_MAX + 16)
void redis_log_key(const struct redis_names *names, unsigned shard, char out[REDIS_SHARD_KEY_MAX]);
void redis_bus_channel(const struct redis_names *names, unsigned shard,
                       char out[REDIS_SHARD_KEY_MAX]);
void redis_lost_key(const struct redis_names *names, unsigned shard, char out[REDIS_SHARD_KEY_MAX]);

#define REDIS_LOG_ENVELOPE_FIELD   "e"
#define REDIS_ACKED_POSITION_FIELD "position"
#define REDIS_SPEAKER_ID_FIELD     "id"
#define REDIS_EDGE_SOCKETS_FIELD   "sockets"
#define REDIS_EDGE_ROOMS_FIELD     "rooms"
#define REDIS_EDGE_AT_FIELD        "at_ms"
#define REDIS_ROOM_FIELD           "r:"  // of a session and of `left`, followed by the room
#define REDIS_REVOKED_MAX          10000 // fields
