// A client's offset: the cut through the log up to which the client has all events of its rooms.
//
// An edge is one thread, so at each moment the last delivered positions of all shards are a cut
// that holds for all its sockets. Clients keep it as text and send it back when they reconnect.
// Every event carries one, so it is short:
//
//     one shard   <epoch><seq>
//     several     <epoch><seq>.<shard 0><shard 1>…
//
// The first position is the greatest of all shards. A shard is its distance below that seq, or
// .<epoch><seq> if its epoch is older. Digits have 6 bits. The first epoch has 7 of them, the first
// seq as many as it needs. A number of a shard ends itself: each of its digits has 5 bits, and the
// sixth is set in all but the last. A first epoch of more than 42 bits, a time after the year 2109,
// is a dot and such a number.
//
// Each cut has exactly one text, and offset_parse() refuses any other spelling. It also reads the
// form of earlier versions, see offset_earlier.h.
#pragma once

#include "common/span.h"
#include "edge/gateway/delivery/cut.h"

#define OFFSET_TEXT_MAX 512 // bytes, including the NUL

// Writes the text with a NUL. Returns its length without the NUL.
size_t offset_print(const struct cut *cut, char out[OFFSET_TEXT_MAX]);
// False unless `text` is the offset of a cut with `shards` shards.
NODISCARD bool offset_parse(struct span text, unsigned shards, struct cut *out);
