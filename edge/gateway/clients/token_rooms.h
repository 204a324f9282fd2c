// The rooms that the claims of a token name for types with onConnect: the claim's value is a room's
// id, or a list of ids.
#pragma once

#include "common/buffer.h"
#include "common/gateway_file/room_types.h"

#define TOKEN_ROOMS_MAX 64 // of one token

struct token_rooms {
    struct buffer names; // each with a NUL behind it
    size_t count;
    uint32_t left_out; // values that are no ids, and rooms over the limit
};

void token_rooms_clear(struct token_rooms *rooms);
// True if `names`, each with a NUL behind it, are a list that has `room`.
NODISCARD bool token_rooms_include(struct span names, struct span room);
// Adds the rooms of `type` that the claim's value names. It is JSON.
void token_rooms_add(struct token_rooms *rooms, const struct room_type *type, struct span json);
