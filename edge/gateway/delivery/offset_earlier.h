// Offsets of the form of 2026-11-27 and earlier. Clients of edges that are replaced in a rolling
// upgrade bring them, and so do sessions that such edges have written:
//
//     one shard   <epoch>-<seq>
//     several     <epoch>-<seq>_<d0>.<d1>.…
//
// The first position is decimal and the greatest of all shards. Each shard follows as its distance
// below that in base 36, or as <epoch>-<seq> in base 36 if its epoch is older.
#pragma once

#include "common/span.h"
#include "edge/gateway/delivery/cut.h"

// True if `text` has a dash, which offsets of today have not.
bool offset_is_earlier(struct span text);
// False unless `text` is such an offset of a cut with `shards` shards. Leading zeros are allowed.
NODISCARD bool offset_parse_earlier(struct span text, unsigned shards, struct cut *out);
