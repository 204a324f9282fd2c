// The format of a session's hash in Redis: one field for each property, and one for each room.
//
//     ws:session:<id>   u user   s socket id   g generation   e edge   c created ms
//                       l "1": the rooms were told that the client left
//                       f freshness    m its number    o stale offset
//                       a position of the newest action that the rooms reflect
//                       n "<claims> <since ms>"   p restored at ms
//                       r:<room> "<position> <granted ms>", "<position> s <granted ms>" if a
//                                service has let the client in
//
// The position is that of the room's shard at the join. If the log has several shards, the offset
// of all follows it: "<position> <offset> <granted ms>". A version that does not know that reads it
// as an old grant.
//
// The scripts write `g`, `l`, `f`, `m`, `n` and `p`, and a claim also `e`; the other fields are
// written here. Only the scripts read `m`, `n` and `p`; the other fields are read here.
#pragma once

#include "edge/adapters/redis/redis_command.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/gateway/clients/session_store.h"

// Adds the fields and values of a whole session as arguments, all but its generation.
void session_hash_add(struct redis_command *command, const struct session_record *record);
// Adds the field of a room, and that field with its value.
void session_hash_add_room_name(struct redis_command *command, struct span room);
void session_hash_add_room(struct redis_command *command, const struct session_room *room);
// Adds a position as an argument; an empty one if there is none.
void session_hash_add_position(struct redis_command *command, struct position position);

// Reads fields and values as HGETALL answers them; of a field that comes twice, the last value.
// Behind those of the hash, a claim answers with xr:<room> and the time in ms for each room that an
// operator has taken the user out of. The log has `shards`.
// Borrows the answer, `rooms` and `taken`, which must each have room for as many elements as there
// are fields.
void session_hash_read(const struct redis_value *fields, struct session_room *rooms,
                       struct session_taken *taken, unsigned shards, struct session_record *record);
