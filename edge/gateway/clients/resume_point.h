// Where a client that comes back goes on in the log: from there on its rooms' events are missed.
//
// It is a cut. Each room starts at it, or at the position at which the client joined, whichever is
// later. Recovery needs the edge to have come past all of these, and its memory to reach back to
// them.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"

// By the client's own word and by what its last edge noted: one that has all that it was sent
// lacks nothing until then. Zeros where neither says anything.
struct cut resume_point_find(const struct recovery_attempt *attempt);

// The rest is about attempt->start.

// This edge may have got less far than the one that the client comes from. Then what the client has
// would come again, and what was said before a join would come at all.
bool resume_point_is_ahead(const struct recovery_attempt *attempt);
// True if nothing that is missed in any room is forgotten or lost.
bool resume_point_is_remembered(const struct recovery_attempt *attempt);
// Encodes what is missed; false when that is more than may be sent at once.
NODISCARD bool resume_point_make_replay(struct recovery_attempt *attempt);
