// How a session stands in its hash: one field for each of its properties, and one for each room.
//
//     ws:session:<id>   u user   s socket id   g generation   e edge   c created ms
//                       l told to have left    f freshness    o stale offset
//                       n "<claims> <since ms>"   p restored at ms
//                       r:<room> "<position> <granted ms>"
//
// The scripts write `g`, `l`, `f`, `n` and `p`; the others are written here. All are read here.
#pragma once

#include "edge/adapters/redis/redis_command.h"
#include "edge/adapters/redis/redis_connection.h"
#include "edge/gateway/clients/session_store.h"

// The fields and values of a whole session, behind its generation.
void session_hash_add(struct redis_command *command, const struct session_record *record);
// The field of a room, and the room with its value.
void session_hash_add_room_name(struct redis_command *command, struct span room);
void session_hash_add_room(struct redis_command *command, const struct session_room *room);

// Reads fields and values as HGETALL answers them, after which the claim raised the generation.
// Borrows what Redis answered; `rooms` has space for one to each field, and is borrowed as well.
void session_hash_read(const struct redis_value *fields, struct session_room *rooms,
                       struct session_record *record);
