// A client's offset: the cut through the log up to which the client has all events of its rooms.
//
// An edge is one thread, so at each moment the last delivered positions of all shards are a cut
// that holds for all its sockets. Clients keep it as text and send it back when they reconnect:
//
//     one shard   <epoch>-<seq>
//     several     <epoch>-<seq>_<d0>.<d1>.…
//
// The first position is the greatest of all shards. Each shard follows as its distance below that
// in base 36, or as <epoch>-<seq> in base 36 if its epoch is older. Each cut has exactly one text,
// and offset_parse() refuses any other spelling, so texts can be compared.
#pragma once

#include "proto/position.h"

#define OFFSET_SHARDS_MAX 16
#define OFFSET_TEXT_MAX   512 // bytes, including the NUL

struct cut {
    unsigned shards;
    struct position at[OFFSET_SHARDS_MAX];
};

// True if `a` is at or above `b` in every shard. Both must have the same number of shards.
bool cut_covers(const struct cut *a, const struct cut *b);

// Writes the text with a NUL. Returns its length without the NUL.
size_t offset_print(const struct cut *cut, char out[OFFSET_TEXT_MAX]);
// False unless `text` is the offset of a cut with `shards` shards.
NODISCARD bool offset_parse(struct span text, unsigned shards, struct cut *out);
