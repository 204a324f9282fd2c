// A client's offset: the cut through the log up to which it has everything of its rooms.
//
// An edge delivers the shards' entries in some order, and at each moment the last delivered
// position of every shard is a cut that holds for all its sockets. As text, which clients keep and
// send back:
//
//     one shard   <epoch>-<seq>
//     several     <epoch>-<seq>_<d0>.<d1>.…
//
// where the first is the greatest position of all, and each shard follows as its distance below
// that in base 36, or as <epoch>-<seq> in base 36 when it is of an older epoch. There is one text
// for a cut and no other is taken, so that texts can be compared.
#pragma once

#include "proto/position.h"

#define OFFSET_SHARDS_MAX 16
#define OFFSET_TEXT_MAX   512 // with a NUL

struct cut {
    unsigned shards;
    struct position at[OFFSET_SHARDS_MAX];
};

// True if `a` is nowhere behind `b`. Both are of as many shards.
bool cut_covers(const struct cut *a, const struct cut *b);

// Returns the length of the text.
size_t offset_print(const struct cut *cut, char out[OFFSET_TEXT_MAX]);
// False unless `text` is the offset of a cut of that many shards.
NODISCARD bool offset_parse(struct span text, unsigned shards, struct cut *out);
